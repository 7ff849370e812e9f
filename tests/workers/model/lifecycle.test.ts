/**
 * Random sequences of what people, crashes and time do to sessions, compared with a simple model. `MODEL_RUNS` sets how
 * many.
 */
import { env } from "cloudflare:test";
import { liveHistories } from "./live-histories";
import { plan } from "./plan";
import { World } from "./world";

const { runs } = env.MODEL;

liveHistories(
  `in ${runs} random histories nothing is lost and nothing deleted comes back`,
  { count: runs, limit: 2_000 },
  plan,
  (drawn) => World.live(drawn),
);
