import type { BearerRoute } from "../platform/http/request-gate";

/** The paths for runners; each has a route in app/routes. */
export const RUNNER_ROUTES: BearerRoute[] = [
  {
    path: /^\/runner\/sessions\/[^/]+\/live$/,
    methods: ["GET"],
    hint: "Open a WebSocket here, by GET.",
  },
];
