import { json, type LoaderFunctionArgs } from "@remix-run/cloudflare";
import { checkHealth } from "./health.server";

/** Health check for monitors, without sign-in: 200 if every part works, otherwise 503. */
export async function loader({ context }: LoaderFunctionArgs) {
  const health = await checkHealth(context.env);
  return json(health, { status: health.status === "ok" ? 200 : 503 });
}
