/** Sign-in with GitHub, as a GitHub App: the web flow with state and PKCE. */
import { redirect, type AppLoadContext, type Cookie } from "@remix-run/cloudflare";
import { CodeChallengeMethod, generateCodeVerifier, generateState } from "arctic";
import * as z from "zod/mini";
import {
  askApi,
  askForTokens,
  gitHubPage,
  gitHubUserId,
  oauthClient,
  type GitHubAnswer,
  type GitHubTokens,
} from "../github/client.server";
import { saveTokens } from "../github/tokens.server";
import { readCookie, serializeFitting, signedCookie } from "../platform/http/cookies.server";
import { logEvent } from "../platform/log";
import { mayUseShip, type User } from "./auth.server";
import { signIn } from "./sign-in.server";

/** What a sign-in that did not work ends with, for the sign-in page to say; its name stands in the page's URL. */
const PROBLEMS = {
  denied: "You did not let Ship see who you are at GitHub, so you are not signed in.",
  mismatch:
    "This sign-in was not begun in this browser, took too long or was finished before. Begin it again.",
  refused: "GitHub did not accept this sign-in. Begin it again.",
  unavailable: "GitHub did not answer, so you are not signed in. Try again in a moment.",
  deleting:
    "Your account is being deleted, which takes a few minutes. Signing in after that begins an empty one.",
  "not-allowed":
    "You may not use this Ship with this account. Ask whoever runs it to let you in, or sign in with another one.",
};

type SignInProblem = keyof typeof PROBLEMS;

/** @param name as in the sign-in page's URL @returns what that page says of it; null where there is no such problem */
export function signInProblem(name: string | null): string | null {
  return name !== null && Object.hasOwn(PROBLEMS, name) ? PROBLEMS[name as SignInProblem] : null;
}

/** What the browser keeps while the person is at GitHub. */
const begunValue = z.object({ state: z.string(), verifier: z.string(), to: z.string() });

const TEN_MINUTES = 10 * 60;

/**
 * @param to where the person wants to be afterwards; the dashboard instead where that is too long for a cookie
 * @returns the answer that sends them to GitHub
 */
export async function beginGitHubSignIn(request: Request, context: AppLoadContext, to: string) {
  const begun = { state: generateState(), verifier: generateCodeVerifier(), to };
  const url = client(request, context.env).createAuthorizationURLWithPKCE(
    gitHubPage(context.env, "/login/oauth/authorize"),
    begun.state,
    CodeChallengeMethod.S256,
    begun.verifier,
    [], // A GitHub App's permissions are its own; it takes no scopes.
  );
  const cookie = await serializeFitting(
    begunCookie(request, context),
    [begun, { ...begun, to: "/dashboard" }],
    { maxAge: TEN_MINUTES },
  );
  return redirect(url.href, { headers: { "Set-Cookie": cookie } });
}

/** Answers the browser's return from GitHub: signed in, or on the sign-in page with what went wrong. */
export async function finishGitHubSignIn(
  request: Request,
  context: AppLoadContext,
): Promise<Response> {
  const held = await readCookie(request, begunCookie(request, context));
  const begun = begunValue.safeParse(held);
  const { searchParams } = new URL(request.url);
  if (!begun.success || searchParams.get("state") !== begun.data.state) {
    return refuseSignIn("mismatch", undefined);
  }
  const { verifier, to } = begun.data;
  const response = await finish(request, context, searchParams, verifier, to);
  // Used up, whatever came of it: the same return cannot be made twice.
  response.headers.append(
    "Set-Cookie",
    await begunCookie(request, context).serialize("", { maxAge: 0 }),
  );
  return response;
}

async function finish(
  request: Request,
  context: AppLoadContext,
  returned: URLSearchParams,
  verifier: string,
  to: string,
): Promise<Response> {
  const { env, now } = context;
  const code = returned.get("code");
  if (!code)
    return refuseSignIn(returned.get("error") === "access_denied" ? "denied" : "refused", to);

  const endpoint = gitHubPage(env, "/login/oauth/access_token");
  const tokens = await askForTokens("github-code", now, () =>
    client(request, env).validateAuthorizationCode(endpoint, code, verifier),
  );
  if (tokens.problem) return refuseSignIn(tokens.problem, to);
  const user = await askWho(env, tokens.value, now);
  if (user.problem) return refuseSignIn(user.problem, to);
  if (!mayUseShip(request, context, user.value)) {
    return refuseSignIn("not-allowed", to, { user: user.value.id });
  }
  const saved = await saveTokens(env, user.value.id, tokens.value, now);
  return signIn(request, context, user.value, to, [saved]);
}

function askWho(env: Env, { access }: GitHubTokens, now: number): Promise<GitHubAnswer<User>> {
  return askApi(env, "github-user", `bearer ${access}`, now, async (api) => {
    const { data } = await api.request("GET /user");
    const { id, login, name, avatar_url } = data;
    return { id: gitHubUserId(env, id), login, name: name ?? login, avatar: avatar_url };
  });
}

/** @param who the person's id, where it is known: whoever runs this Ship may want to let them in */
function refuseSignIn(
  problem: SignInProblem,
  to: string | undefined,
  who?: { user: string },
): Response {
  logEvent("sign-in-refused", { problem, ...who });
  return redirect(`/login?${new URLSearchParams({ problem, ...(to && { to }) })}`);
}

function client(request: Request, env: Env) {
  return oauthClient(env, new URL("/login/callback", request.url).href);
}

function begunCookie(request: Request, context: AppLoadContext): Cookie {
  return signedCookie("sign_in", request, context);
}
