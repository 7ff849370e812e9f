import { json, type LoaderFunctionArgs } from "@remix-run/cloudflare";
import { checkHealth } from "./health.server";

/** For monitors, and open to anyone: 200 where every part works, 503 where one of them does not. */
export async function loader({ context }: LoaderFunctionArgs) {
  const health = await checkHealth(context.env);
  return json(health, { status: health.status === "ok" ? 200 : 503 });
}
