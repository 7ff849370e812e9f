import { test } from "../support/own-server";
import { detail, expectRows, messages, sendMessage } from "../support/pages";
import { expect } from "../support/test";

test.setTimeout(90_000); // Starting a server takes seconds, more on a busy machine.

for (const { ended, how } of [
  { ended: "stopped", how: "stop" },
  { ended: "killed", how: "kill" },
] as const) {
  test(`everything is there after the server was ${ended} and started again`, async ({
    page,
    ship,
    server,
    problems,
  }) => {
    problems.allowStatus(404);
    const id = await ship.create("octo/cat");
    await ship.send(id, "First");
    await ship.change("archive", await ship.create("octo/archived"));
    const deleted = await ship.create("octo/deleted");
    await ship.delete(deleted);
    await ship.send(id, "Second");

    await server[how]();
    await expect(fetch(server.url)).rejects.toThrow();
    await server.start();

    await page.goto("/dashboard");
    await expectRows(page, ["octo/cat"]);
    await page.goto("/dashboard?status=archived");
    await expectRows(page, ["octo/archived"]);
    expect((await page.goto(`/session/${deleted}`))?.status()).toBe(404);

    await page.goto(`/session/${id}`);
    await expect(messages(page)).toHaveText([/First$/, /Second$/]);
    await expect(detail(page, "Messages")).toHaveText("2 messages");
    await sendMessage(page, "Third");
    await expect(messages(page)).toHaveText([/First$/, /Second$/, /Third$/]);
  });
}
