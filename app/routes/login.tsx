import {
  json,
  redirect,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { Form, useActionData, useLoaderData, useNavigation } from "@remix-run/react";
import { findUser } from "../auth/auth.server";
import { localUser, offersLocalSignIn, signInInput } from "../auth/local.server";
import { beginGitHubSignIn, signInProblem } from "../auth/oauth.server";
import { safePath, signIn } from "../auth/sign-in.server";
import { offersGitHub } from "../github/client.server";
import { checkFields, readForm } from "../platform/http/form.server";
import { ErrorPanel } from "../ui/error-panel";
import { Field } from "../ui/field";

export const meta: MetaFunction = () => [
  { title: "Sign in · Ship" },
  { name: "description", content: "Ship keeps all your coding-agent sessions in one place." },
];

export async function loader({ request, context }: LoaderFunctionArgs) {
  const { searchParams } = new URL(request.url);
  const problem = signInProblem(searchParams.get("problem"));
  if (!problem && (await findUser(request, context))) {
    throw redirect(safePath(searchParams.get("to")));
  }
  return json({
    github: offersGitHub(context.env),
    local: offersLocalSignIn(request, context),
    problem,
  });
}

export async function action({ request, context }: ActionFunctionArgs) {
  const typed = await readForm(request);
  const to = safePath(new URL(request.url).searchParams.get("to"));
  if (typed.intent === "github" && offersGitHub(context.env)) {
    return beginGitHubSignIn(request, context, to);
  }
  if (typed.intent === "github" || !offersLocalSignIn(request, context)) {
    throw new Response("This way of signing in is not offered here.", { status: 404 });
  }
  const checked = checkFields(signInInput, typed);
  if (checked.errors) return json(checked, { status: 400 });
  return signIn(request, context, localUser(checked.values.name), to);
}

export default function Login() {
  const { github, local, problem } = useLoaderData<typeof loader>();
  return (
    <section className="panel mx-auto mt-[10vh] grid max-w-sm gap-5 p-6">
      <div className="grid gap-1">
        <h1 className="text-xl font-semibold" tabIndex={-1}>
          Sign in
        </h1>
        <p className="text-balance text-muted">All your coding-agent sessions, in one place.</p>
      </div>
      {problem && (
        <p role="alert" className="notice text-danger">
          {problem}
        </p>
      )}
      {github && <GitHubSignIn />}
      {local && <LocalSignIn />}
      {!github && !local && <p>No way to sign in is set up here yet.</p>}
    </section>
  );
}

/** Submitted by the browser (`reloadDocument`), because the action redirects to GitHub's site. */
function GitHubSignIn() {
  return (
    <Form method="post" reloadDocument className="grid">
      <button name="intent" value="github" className="button button-primary">
        Continue with GitHub
      </button>
    </Form>
  );
}

function LocalSignIn() {
  const failed = useActionData<typeof action>();
  const navigation = useNavigation();
  return (
    <Form method="post" className="grid gap-4">
      <Field
        label="Name"
        name="name"
        hint="For this machine only: no password, nothing leaves it."
        defaultValue={failed?.typed.name}
        error={failed?.errors.name}
        autoComplete="username"
      />
      <button className="button button-primary">
        {navigation.formMethod === "POST" ? "Signing in…" : "Continue locally"}
      </button>
    </Form>
  );
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}
