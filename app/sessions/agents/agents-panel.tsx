import { Form, useNavigation } from "@remix-run/react";
import { useState } from "react";
import { Field } from "../../ui/field";
import { SCROLLABLE } from "../../ui/number";
import { RelativeTime } from "../../ui/time";
import type { AgentToken } from "../protocol/object-answers";

/** A token that was just created: it can be shown only now, because only its hash is stored. */
export interface MadeToken {
  name: string;
  token: string;
}

interface AgentsPanelProps {
  tokens: AgentToken[];
  /** The session's URL. */
  address: string;
  /** An idempotency key that no token has yet. */
  freshKey: string;
  /** The idempotency key of the next token, if the last response has one. */
  nextKey: string | undefined;
  /** Epoch milliseconds. */
  now: number;
  /** The token that the last submission created. */
  made: MadeToken | undefined;
  /** The error of the last submission, with the name that was submitted. */
  failed: { error: string; name: string } | undefined;
}

/** The name of the field for an agent's name, and its id: links to it lead to the form. */
export const NAME_FIELD = "name";

/** Lists the agents of a session with their tokens, and creates tokens. */
export function AgentsPanel(props: AgentsPanelProps) {
  const { tokens, address, now, made, failed } = props;
  // The form keeps its key while the page is revalidated: only a response to the form gives it another one.
  const [key, setKey] = useState(props.nextKey ?? props.freshKey);
  if (props.nextKey && props.nextKey !== key) setKey(props.nextKey);
  const making = useNavigation().formData?.get("key") === key;
  return (
    <section aria-labelledby="agents">
      <h2 id="agents" className="font-semibold">
        Connect an agent
        {tokens.length > 0 && (
          <span className="ml-2 text-sm font-normal text-muted">{tokens.length} connected</span>
        )}
      </h2>
      {made && <MadeTokenNotice made={made} address={address} />}
      {tokens.length > 0 && <TokenList tokens={tokens} now={now} />}
      <Form method="post" className="grid gap-3" preventScrollReset>
        <input type="hidden" name="key" value={key} />
        <Field
          key={key}
          label="Agent’s name"
          name={NAME_FIELD}
          hint="It stands beside what the agent writes. The token works for this session only."
          defaultValue={failed?.name}
          error={failed?.error}
        />
        <button
          name="intent"
          value="connect"
          className="button justify-self-start"
          disabled={making}
        >
          Make a token
        </button>
      </Form>
    </section>
  );
}

function TokenList({ tokens, now }: { tokens: AgentToken[]; now: number }) {
  return (
    <Form method="post" preventScrollReset>
      <ul className="grid gap-2" aria-label="Connected agents">
        {tokens.map(({ id, name, created_at, used_at }) => (
          <li key={id} className="flex flex-wrap items-center justify-between gap-2">
            <span className="min-w-0 [overflow-wrap:anywhere]">
              {name}
              <span className="block text-sm text-muted">
                {used_at === null ? (
                  <>
                    made <RelativeTime at={created_at} now={now} />, never used
                  </>
                ) : (
                  <>
                    last used <RelativeTime at={used_at} now={now} />
                  </>
                )}
              </span>
            </span>
            <button
              name="intent"
              value={`revoke:${id}`}
              className="button button-quiet"
              aria-label={`Revoke the token of ${name}`}
            >
              Revoke
            </button>
          </li>
        ))}
      </ul>
    </Form>
  );
}

function MadeTokenNotice({ made, address }: { made: MadeToken; address: string }) {
  return (
    <div className="notice grid min-w-0 gap-3 border-good" role="group" aria-label="The new token">
      <p>
        The token of <strong>{made.name}</strong>. Copy it now: it is shown only this once.
      </p>
      <Code label="The token" text={made.token} />
      <p>In the agent’s shell, to report what it does:</p>
      <Code label="Commands for curl" text={curlCommands(address, made.token)} />
      <p>
        For Claude Code, with the two variables above set, in <code>.claude/settings.json</code>:
      </p>
      <Code label="Hooks for Claude Code" text={HOOKS} />
    </div>
  );
}

function Code({ label, text }: { label: string; text: string }) {
  return (
    <pre className="code" {...SCROLLABLE} aria-label={label}>
      {text}
    </pre>
  );
}

function curlCommands(address: string, token: string): string {
  return `export SHIP_SESSION='${address}'
export SHIP_TOKEN='${token}'
curl -H "Authorization: Bearer $SHIP_TOKEN" -d status=working "$SHIP_SESSION/report"
curl -H "Authorization: Bearer $SHIP_TOKEN" --data-urlencode 'text=All tests pass.' -d status=done "$SHIP_SESSION/report"
curl -H "Authorization: Bearer $SHIP_TOKEN" "$SHIP_SESSION/messages"`;
}

/**
 * A hook for Claude Code that reports a status. It prints nothing, because the agent would read the output of a hook
 * that runs when a prompt is submitted.
 *
 * @param matcher filters the events; undefined for all events of the hook's kind
 * @param how further options; `async` means that the agent does not wait for the hook
 */
function hook(status: string, matcher?: string, how: { async?: true } = {}) {
  const command = `curl -sS -o /dev/null -m 5 -H "Authorization: Bearer $SHIP_TOKEN" -d status=${status} "$SHIP_SESSION/report"`;
  return [{ ...(matcher && { matcher }), hooks: [{ type: "command", command, ...how }] }];
}

/** The hooks to paste into the settings of Claude Code, as JSON; docs/agents.md says why it is these. */
const HOOKS = JSON.stringify(
  {
    hooks: {
      UserPromptSubmit: hook("working"),
      PostToolUse: hook("working", undefined, { async: true }),
      Notification: hook("waiting", "permission_prompt|elicitation_dialog|elicitation_url_dialog"),
      Stop: hook("done"),
      StopFailure: hook("failed"),
      SessionEnd: hook("done", "prompt_input_exit|logout"),
    },
  },
  null,
  2,
);
