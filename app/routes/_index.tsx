import { redirect, type LoaderFunctionArgs } from "@remix-run/cloudflare";
import { findUser } from "../auth/auth.server";

export async function loader({ request, context }: LoaderFunctionArgs) {
  const user = await findUser(request, context);
  return redirect(user ? "/dashboard" : "/login");
}
