/** The names of routes in the log of requests. */
import { expect, test } from "vitest";
import { routePatterns } from "../../app/platform/http/request-log";

const routeOf = routePatterns({
  root: { id: "root", path: "" },
  "routes/_index": { id: "routes/_index", parentId: "root" },
  "routes/$": { id: "routes/$", path: "*", parentId: "root" },
  "routes/session.$id": { id: "routes/session.$id", path: "session/:id", parentId: "root" },
  "routes/session.$id.live": {
    id: "routes/session.$id.live",
    path: "live",
    parentId: "routes/session.$id",
  },
  "routes/session.new": { id: "routes/session.new", path: "session/new", parentId: "root" },
  "routes/dashboard": { id: "routes/dashboard", path: "dashboard", parentId: "root" },
  "routes/dashboard.new": { id: "routes/dashboard.new", path: "new", parentId: "routes/dashboard" },
});

test.each([
  ["/", "/"],
  ["/dashboard", "/dashboard"],
  ["/dashboard/", "/dashboard"],
  ["/Dashboard/New", "/dashboard/new"],
  ["/session/7b0d7b1c", "/session/:id"],
  ["/session/7b0d7b1c/live", "/session/:id/live"],
])("%s is of the route %s", (path, route) => {
  expect(routeOf(path)).toBe(route);
});

test("a static path is its own route, not a route with an id", () => {
  expect(routeOf("/session/new")).toBe("/session/new");
});

test.each(["/session", "/session/a/b", "/dashboard/old", "/dashboards", "//session/a", "/%2e"])(
  "%s is of the route that answers 404",
  (path) => {
    expect(routeOf(path)).toBe("/*");
  },
);
