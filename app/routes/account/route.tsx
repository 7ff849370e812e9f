import {
  json,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { Form, Outlet, useActionData, useLoaderData } from "@remix-run/react";
import { DeleteAccountPanel } from "../../account/delete-account";
import { verifySession } from "../../auth/auth.server";
import { countSignIns } from "../../auth/sign-in.server";
import { gitHubPage, isGitHubUser } from "../../github/client.server";
import { disconnect, findTokens } from "../../github/tokens.server";
import { redirectWithFlash } from "../../platform/http/flash.server";
import { readForm } from "../../platform/http/form.server";
import { chooseTheme } from "../../platform/http/theme.server";
import {
  ConnectedAgentsPanel,
  mayHaveAgents,
  RevokeAgentsBox,
} from "../../sessions/bulk/connected-agents";
import { countAgents } from "../../sessions/bulk/connected-agents.server";
import { countNeedsYou } from "../../sessions/session-queries.server";
import { documentTitle } from "../../sessions/needs-you-title";
import { ErrorPanel } from "../../ui/error-panel";
import { DISCONNECTED, revokeAgents, signOutEverywhere } from "./actions.server";
import { Appearance } from "./appearance";

export const meta: MetaFunction = ({ matches }) => [{ title: documentTitle("Account", matches) }];

export async function loader({ request, context }: LoaderFunctionArgs) {
  const { env, now, reads } = context;
  return verifySession(request, context, async ({ id, name, login }) => {
    const [signIns, tokens, agents, needsYou] = await Promise.all([
      countSignIns(reads, id, now),
      findTokens(reads, id),
      countAgents(reads, id),
      countNeedsYou(reads, id),
    ]);
    const gitHub = isGitHubUser(id) ? gitHubPage(env, `/${login}`) : null;
    return json({
      name,
      login,
      gitHub,
      connected: tokens !== undefined,
      signIns,
      agents,
      needsYou,
    });
  });
}

export async function action({ request, context }: ActionFunctionArgs) {
  const user = await verifySession(request, context);
  const fields = await readForm(request);
  const [intent, value] = (fields.intent ?? "").split(":");
  switch (intent) {
    case "theme":
      return chooseTheme(value ?? "", "/account");
    case "sign-out-everywhere":
      return signOutEverywhere(request, context, user.id, fields.agents !== undefined);
    case "revoke-agents":
      return revokeAgents(request, context, user.id);
    case "disconnect": {
      const outcome = await disconnect(context.env, user.id, context.now);
      if (outcome === "unavailable") {
        const alert = "GitHub did not answer, so Ship is still connected. Try again in a moment.";
        return json({ alert }, { status: 503 });
      }
      return redirectWithFlash(request, context, "/account", { text: DISCONNECTED[outcome] });
    }
    default:
      throw new Response("This page does not know that intent.", { status: 400 });
  }
}

export default function Account() {
  const { name, login, gitHub, connected, signIns, agents } = useLoaderData<typeof loader>();
  const failed = useActionData<typeof action>();
  return (
    <div className="grid max-w-2xl gap-6">
      <h1 className="text-2xl font-semibold" tabIndex={-1}>
        Account
      </h1>
      {failed && (
        <p role="alert" className="notice text-danger">
          {failed.alert}
        </p>
      )}
      <section aria-labelledby="signed-in" className="panel grid gap-3 p-4">
        <h2 id="signed-in" className="text-lg font-semibold">
          {name}
        </h2>
        <p className="text-muted">
          {gitHub ? (
            <>
              <a href={gitHub} rel="noreferrer" className="link">
                {login}
              </a>{" "}
              at GitHub,
            </>
          ) : (
            "On this machine only,"
          )}{" "}
          signed in {signIns === 1 ? "with this browser only" : `with ${signIns} browsers`}.
        </p>
        <Form method="post" className="grid justify-items-start gap-3">
          {mayHaveAgents(agents) && <RevokeAgentsBox connected={agents} />}
          <button name="intent" value="sign-out-everywhere" className="button">
            Sign out everywhere
          </button>
        </Form>
      </section>
      {mayHaveAgents(agents) && <ConnectedAgentsPanel connected={agents} />}
      <Appearance />
      {connected && (
        <section aria-labelledby="github" className="panel grid gap-3 p-4">
          <h2 id="github" className="text-lg font-semibold">
            GitHub
          </h2>
          <p className="text-muted">
            Ship may see which repositories are connected, and nothing in them. Disconnecting leaves
            your sessions as they are; new ones need a connection.
          </p>
          <Form method="post">
            <button name="intent" value="disconnect" className="button">
              Disconnect GitHub
            </button>
          </Form>
        </section>
      )}
      <DeleteAccountPanel />
      <Outlet />
    </div>
  );
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}
