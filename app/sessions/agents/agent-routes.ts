import type { BearerRoute } from "../../platform/http/request-gate";

/** The paths of the HTTP API for agents (docs/agents.md); each has a route in app/routes. */
export const AGENT_ROUTES: BearerRoute[] = [
  {
    path: /^\/session\/[^/]+\/report$/,
    methods: ["POST"],
    hint: "Report here by POST. Messages are read by GET at /messages instead of /report.",
  },
  {
    path: /^\/session\/[^/]+$/,
    methods: ["POST"],
    hint: "Report here by POST. Messages are read by GET at this address with /messages behind it.",
    rewrite: (path) => `${path}/report`,
  },
  {
    path: /^\/session\/[^/]+\/messages$/,
    methods: ["GET", "HEAD"],
    hint: "Read messages here by GET. Report by POST at /report instead of /messages.",
  },
  {
    path: /^\/session\/[^/]+\/items$/,
    methods: ["GET", "HEAD"],
    hint: "Read items here by GET. Report by POST at /report instead of /items.",
  },
  { path: /^\/session\/[^/]+\/live$/, methods: ["GET"], hint: "Open a WebSocket here, by GET." },
];
