import {
  json,
  redirect,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { Form, useActionData, useLoaderData, useNavigation } from "@remix-run/react";
import { findUser, offersLocalSignIn, safePath, signIn, signInInput } from "../auth/auth.server";
import { checkFields, readForm } from "../platform/form.server";
import { ErrorPanel } from "../ui/error-panel";
import { Field } from "../ui/field";

export const meta: MetaFunction = () => [
  { title: "Sign in · Ship" },
  { name: "description", content: "Ship keeps all your coding-agent sessions in one place." },
];

export async function loader({ request, context }: LoaderFunctionArgs) {
  const to = safePath(new URL(request.url).searchParams.get("to"));
  if (await findUser(request, context)) throw redirect(to);
  return json({ local: offersLocalSignIn(request, context) });
}

export async function action({ request, context }: ActionFunctionArgs) {
  if (!offersLocalSignIn(request, context)) {
    throw new Response("Signing in by name is not offered here.", { status: 404 });
  }
  const checked = checkFields(signInInput, await readForm(request));
  if (checked.errors) return json(checked, { status: 400 });
  const to = safePath(new URL(request.url).searchParams.get("to"));
  return signIn(request, context, checked.values.name, to);
}

export default function Login() {
  const { local } = useLoaderData<typeof loader>();
  return (
    <section className="panel mx-auto mt-8 grid max-w-sm gap-5 p-6">
      <div className="grid gap-1">
        <h1 className="text-xl font-semibold" tabIndex={-1}>
          Sign in
        </h1>
        <p className="text-muted">All your coding-agent sessions, in one place.</p>
      </div>
      {local ? <LocalSignIn /> : <p>No way to sign in is set up here yet.</p>}
    </section>
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
