import {
  json,
  redirect,
  type ActionFunctionArgs,
  type AppLoadContext,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { Form, Outlet, useActionData, useLoaderData, useRouteLoaderData } from "@remix-run/react";
import { DeleteAccountPanel } from "../../account/delete-account";
import { countSignIns, signOut, verifySession } from "../../auth/auth.server";
import { gitHubPage, isGitHubUser } from "../../github/client.server";
import { disconnect, findTokens } from "../../github/tokens.server";
import { redirectWithFlash } from "../../platform/http/flash.server";
import { readForm } from "../../platform/http/form.server";
import { chooseTheme } from "../../platform/http/theme.server";
import type { loader as rootLoader } from "../../root";
import { bulkPath } from "../../sessions/paths";
import {
  ConnectedAgentsPanel,
  mayHaveAgents,
  RevokeAgentsBox,
} from "../../sessions/bulk/connected-agents";
import { countAgents, revokeAllAgents } from "../../sessions/bulk/connected-agents.server";
import { ErrorPanel } from "../../ui/error-panel";

export const meta: MetaFunction = () => [{ title: "Account · Ship" }];

export async function loader({ request, context }: LoaderFunctionArgs) {
  const { env, now, reads } = context;
  return verifySession(request, context, async ({ id, name, login }) => {
    const [signIns, tokens, agents] = await Promise.all([
      countSignIns(reads, id, now),
      findTokens(reads, id),
      countAgents(reads, id),
    ]);
    const gitHub = isGitHubUser(id) ? gitHubPage(env, `/${login}`) : null;
    return json({ name, login, gitHub, connected: tokens !== undefined, signIns, agents });
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

/** Agents first, and durably: once the person is signed out, nobody is there to ask for it again. */
async function signOutEverywhere(
  request: Request,
  context: AppLoadContext,
  userId: string,
  agentsToo: boolean,
) {
  const revoked = agentsToo && (await revokeAllAgents(context.env, userId));
  if (revoked && revoked.outcome === "unavailable") return notReached();
  return signOut(request, context, { everywhere: true });
}

async function revokeAgents(request: Request, context: AppLoadContext, userId: string) {
  const result = await revokeAllAgents(context.env, userId);
  switch (result.outcome) {
    case "begun":
      return redirect(bulkPath(new URLSearchParams(), result.bulk.id));
    case "nothing":
      return redirectWithFlash(request, context, "/account", { text: "No agent is connected." });
    default:
      return notReached();
  }
}

function notReached() {
  const alert = "Ship did not answer, so this may not have happened. Try again; it is safe.";
  return json({ alert }, { status: 503 });
}

const DISCONNECTED = {
  revoked: "GitHub is disconnected: Ship’s access was revoked there and forgotten here.",
  forgotten:
    "GitHub is disconnected: Ship has forgotten its access, which did not work any more. Nothing was revoked at GitHub: if its settings still list Ship as an authorized app, revoke it there.",
  "not-connected": "GitHub was not connected any more.",
};

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

const CHOICES = [
  { value: "system", label: "System" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
] as const;

/** The root has read already what is chosen, because every page is drawn by it. */
function Appearance() {
  const theme = useRouteLoaderData<typeof rootLoader>("root")?.theme;
  return (
    <section aria-labelledby="appearance" className="panel grid gap-3 p-4">
      <h2 id="appearance" className="text-lg font-semibold">
        Appearance
      </h2>
      <Form method="post" preventScrollReset>
        <div role="group" aria-labelledby="appearance" className="flex flex-wrap gap-2">
          {CHOICES.map(({ value, label }) => (
            <button
              key={value}
              name="intent"
              value={`theme:${value}`}
              aria-pressed={value === (theme ?? "system")}
              className={`button icon-${value}`}
            >
              {label}
            </button>
          ))}
        </div>
      </Form>
    </section>
  );
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}
