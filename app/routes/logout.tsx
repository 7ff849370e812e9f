import { redirect, type ActionFunctionArgs } from "@remix-run/cloudflare";
import { signOut } from "../auth/sign-in.server";

export function loader() {
  return redirect("/dashboard");
}

export function action({ request, context }: ActionFunctionArgs) {
  return signOut(request, context, { everywhere: false });
}
