import { Form } from "@remix-run/react";
import { numberText } from "../../ui/number";
import { sessionCountText } from "../session-summary";
import type { ConnectedAgents } from "./connected-agents.server";

/** @returns whether agents are connected, or may be */
export function mayHaveAgents({ sessions, unknown }: ConnectedAgents): boolean {
  return sessions + unknown > 0;
}

/** Shows how many sessions have agents, with a button that revokes the tokens of all of them. */
export function ConnectedAgentsPanel({ connected }: { connected: ConnectedAgents }) {
  return (
    <section aria-labelledby="agents" className="panel grid gap-3 p-4">
      <h2 id="agents" className="text-lg font-semibold">
        Agents
      </h2>
      <p className="text-muted">{connectedText(connected)}</p>
      <Form method="post">
        <button name="intent" value="revoke-agents" className="button">
          Revoke the tokens of all agents
        </button>
      </Form>
    </section>
  );
}

/** The checkbox of "Sign out everywhere" that also revokes all tokens, because a thief may have created one. */
export function RevokeAgentsBox({ connected }: { connected: ConnectedAgents }) {
  return (
    <label>
      <input type="checkbox" name="agents" value="1" defaultChecked /> Also revoke the tokens of{" "}
      {agentCountText(connected)}
    </label>
  );
}

function connectedText({ sessions, unknown }: ConnectedAgents): string {
  if (sessions === 0) return "It is not known yet which of your sessions have agents connected.";
  const counted = sessionCountText(sessions);
  const verb = sessions === 1 ? "has" : "have";
  return unknown > 0
    ? `At least ${counted} ${verb} agents connected: not all have been counted yet.`
    : `${counted} ${verb} agents connected.`;
}

function agentCountText({ agents, unknown }: ConnectedAgents): string {
  if (agents === 0) return "all agents";
  const counted = agents === 1 ? "1 agent" : `${numberText(agents)} agents`;
  return unknown > 0 ? `at least ${counted}` : counted;
}
