/** The servers that browser tests run against; each serves every test, because every test has people of its own. */

interface Server {
  port: number;
  /** Of server.mjs, beside the port. */
  options: string;
  /** What it complains about is what the tests demand of it. */
  complains?: true;
}

export const WORKING: Server = { port: 8790, options: "--sql hoard.sql" };

/** Its objects fail as a session's repository name demands. */
export const FAULTY: Server = { port: 8791, options: "--companion faulty.toml", complains: true };

/** Archives after 12 seconds of idleness, and says so 8 seconds before. */
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
  complains: true, // of what GitHub does
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

/** The first of the ports for servers that a test starts by itself, one for each of Playwright's workers. */
export const OWN_PORTS = 8793;

/** By address: where "localhost" has two, Playwright's requests try both at once, which now and then stalls wrangler. */
export function urlOf({ port }: Pick<Server, "port">): string {
  return `http://127.0.0.1:${port}`;
}
