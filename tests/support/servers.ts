/** The servers that browser tests run against. Tests share them, because every test has its own people. */

interface Server {
  port: number;
  /** Options of server.mjs besides the port. */
  options: string;
  /** Its errors are caused by the tests on purpose, so its output is not shown. */
  complains?: true;
}

export const WORKING: Server = { port: 8790, options: "--sql hoard.sql" };

/** Its objects fail as a session's repository name says. */
export const FAULTY: Server = { port: 8791, options: "--companion faulty.toml", complains: true };

/** Archives after 12 seconds of idleness, and shows a warning 8 seconds before. */
export const IMPATIENT: Server = {
  port: 8792,
  options:
    "--companion impatient.toml --var AUTO_ARCHIVE_SECONDS=12 --var ARCHIVE_WARNING_SECONDS=8",
};

/** The stand-in for GitHub, and a server that is connected to it as to an Enterprise Server. */
const STAND_IN = { port: 8798, clientId: "Iv23stand-in", clientSecret: "stand-in-secret" };
export const GITHUB = `http://localhost:${STAND_IN.port}`;
export const GITHUB_COMMAND = `node support/github.mjs ${Object.values(STAND_IN).join(" ")}`;
export const CONNECTED: Server = {
  port: 8797,
  complains: true, // The faults of GitHub that the tests cause.
  options: [
    `GITHUB_URL=${GITHUB}`,
    `GITHUB_API_URL=${GITHUB}/api/v3`,
    `GITHUB_CLIENT_ID=${STAND_IN.clientId}`,
    `GITHUB_CLIENT_SECRET=${STAND_IN.clientSecret}`,
    "GITHUB_APP_SLUG=ship",
  ]
    .map((assignment) => `--var ${assignment}`)
    .join(" "),
};

/** The first of the ports for servers that tests start themselves, one for each of Playwright's workers. */
export const OWN_PORTS = 8793;

/** How far the port at which a server takes statements for its database is from its own: see server.mjs. */
export const BACK_DOOR = 1_000;

/** An IP address: if "localhost" has two, Playwright tries both at once, which sometimes stalls the server. */
export function urlOf({ port }: Pick<Server, "port">): string {
  return `http://127.0.0.1:${port}`;
}
