import { expect, test } from "vitest";
import { routePatterns } from "../../app/platform/route-pattern";

const routeOf = routePatterns({
  root: { path: "" },
  "routes/_index": { parentId: "root" },
  "routes/session.$id": { path: "session/:id", parentId: "root" },
  "routes/session.$id.live": { path: "live", parentId: "routes/session.$id" },
  "routes/session.new": { path: "session/new", parentId: "root" },
  "routes/dashboard": { path: "dashboard", parentId: "root" },
  "routes/dashboard.new": { path: "new", parentId: "routes/dashboard" },
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

test("a path that stands in the routes is itself, not what an id could be", () => {
  expect(routeOf("/session/new")).toBe("/session/new");
});

test.each(["/session", "/session/a/b", "/dashboard/old", "/dashboards", "//session/a", "/%2e"])(
  "%s is of no route",
  (path) => {
    expect(routeOf(path)).toBe("none");
  },
);
