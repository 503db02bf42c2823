// Drives the sandbox's page in a real browser, at 1280 x 800 and at 390 x 844, against a running sandbox.
//
//   WRASSE_PAGE=http://127.0.0.1:PORT/ node tests/browser/page.test.mjs [directory for the screenshots]
//
// It needs a demo: the bot must answer `/fleet` lines, ask bob's approval for a reboot in #noc, and open a modal on Review.
// Anything it misses is a failure with a non-zero exit; nothing is skipped. tests/browser/install brings what it needs.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const { chromium } = createRequire(join(root, "target/peers/browser/"))("playwright-core");

const address = process.env.WRASSE_PAGE;
assert.ok(address, "WRASSE_PAGE must hold the address of the page");
const pictures = resolve(process.argv[2] ?? join(root, "target/page-pictures"));
mkdirSync(pictures, { recursive: true });

const LIVE_MS = 1000;
const BOT_MS = 15000;
const REBOOT = process.env.WRASSE_PAGE_LINE ?? "/fleet reboot edge-lax-[001-012] because browser test";
const TYPO = "/fleet reboot edge-lxa-[001-004] because browser test";

const complaints = [];
let step = "start";

function listen(page, who) {
  page.on("console", (message) => {
    // A sandbox without a demo answers 404 there; the page hides those controls.
    const isExpected = /\/sandbox\/demo$/.test(message.location().url ?? "") && /404/.test(message.text());
    if (message.type() === "error" && !isExpected) complaints.push(`${who}, ${step}: ${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (fault) => complaints.push(`${who}, ${step}: ${fault.stack ?? fault}`));
}

const open = async (page, hash = "#U0ANA/C0NOC") => {
  await page.goto(new URL(hash, address).href);
  await page.reload();
  await page.waitForSelector("body[data-ready=yes]", { timeout: BOT_MS });
};
const picture = (page, name) => page.screenshot({ path: join(pictures, `${name}.png`) });
const be = (page, name) => page.waitForFunction((want) => document.getElementById("you").textContent.startsWith(`you are ${want}`), name);
const say = async (page, text, composer = "#composer-text") => {
  await page.fill(composer, text);
  await page.press(composer, "Enter");
};
const noSidewaysScroll = async (page, where) => {
  const { wide, room } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, room: window.innerWidth }));
  assert.ok(wide <= room, `${where}: ${wide} px wide in a window of ${room} px`);
};

async function scene(name, play) {
  step = name;
  const began = performance.now();
  await play();
  console.log(`ok  ${name} (${Math.round(performance.now() - began)} ms)`);
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const wide = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
  const page = await wide.newPage();
  listen(page, "1280");
  const stamp = Date.now().toString(36);

  await scene("the page opens with channels, people and the fleet", async () => {
    await open(page);
    await be(page, "ana (noc)");
    assert.ok((await page.locator("#channel-list .place").count()) >= 5, "five channels");
    assert.equal(await page.locator(".site").count(), 6, "six sites");
    assert.ok((await page.locator(".square").count()) >= 200, "a square for each server");
    await picture(page, "wide-1-open");
  });

  await scene("what somebody says appears for others within a second", async () => {
    const other = await wide.newPage();
    listen(other, "1280 bob");
    await open(other, "#U0BOB/C0NOC");
    const words = `good morning ${stamp}`;
    const arrived = other.waitForSelector(`.message:has-text("${words}")`, { timeout: LIVE_MS + 4000 }).then(() => performance.now());
    await page.fill("#composer-text", words);
    const sent = performance.now();
    await page.press("#composer-text", "Enter");
    const took = (await arrived) - sent;
    assert.ok(took < LIVE_MS, `it took ${took} ms`);
    await other.close();
  });

  await scene("a typo is answered privately, and a reload forgets the answer", async () => {
    await say(page, TYPO);
    await page.waitForSelector(".message.private .only-you", { timeout: BOT_MS });
    await picture(page, "wide-2-private");
    await open(page);
    assert.equal(await page.locator(".message.private").count(), 0, "private answers are gone after a reload");
    await page.press("#composer-text", "ArrowUp");
    assert.equal(await page.inputValue("#composer-text"), "", "a reload forgets what was typed too");
  });

  await scene("a slash command that lacks something opens its form, filled in so far", async () => {
    await say(page, "/fleet plan drain edge-fra-002");
    await page.waitForSelector("dialog#modal[open] .block-input", { timeout: BOT_MS });
    const servers = page.locator("dialog#modal .block-input:has-text('Servers') input");
    assert.equal(await servers.inputValue(), "edge-fra-002");
    await picture(page, "wide-2-form");
    await servers.fill("edge-fra-0002");
    await page.locator("dialog#modal .block-input:has-text('Because') input").fill("fan noise");
    await page.locator("dialog#modal footer [type=submit]").click();
    await page.waitForSelector("dialog#modal:has-text('No server is called')", { timeout: BOT_MS });
    await picture(page, "wide-2-form-remark");
    await servers.fill("edge-fra-002");
    await page.locator("dialog#modal footer [type=submit]").click();
    await page.waitForSelector("dialog#modal:has-text('nothing is started')", { timeout: BOT_MS });
    await picture(page, "wide-2-form-plan");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog#modal:not([open])", { state: "attached" });
  });

  await scene("another person does not see a private answer", async () => {
    await say(page, TYPO);
    await page.waitForSelector(".message.private", { timeout: BOT_MS });
    await page.keyboard.press("Alt+2");
    await be(page, "bob (sre)");
    assert.equal(await page.locator(".message.private").count(), 0);
    await page.keyboard.press("Alt+1");
    await be(page, "ana (noc)");
    assert.ok((await page.locator(".message.private").count()) > 0, "it is still there for ana");
  });

  await scene("a slash command typed in #noc becomes a card with a hint who must act", async () => {
    await say(page, REBOOT);
    await page.waitForSelector(".card:has-text('needs approval') >> text=Review", { timeout: BOT_MS });
    await page.waitForSelector("#hint:has-text('bob') button", { timeout: BOT_MS });
    await noSidewaysScroll(page, "1280");
    await picture(page, "wide-3-card");
  });

  await scene("a dangerous button asks first, and no means no", async () => {
    const cards = page.locator("#chat-log .card:has-text('needs approval')");
    await cards.last().locator(".action.danger").click();
    await page.waitForSelector("dialog#confirm[open]");
    await picture(page, "wide-3-confirm");
    await page.locator("dialog#confirm [data-choice=deny]").click();
    await page.waitForSelector("dialog#confirm:not([open])", { state: "attached" });
    assert.ok((await cards.count()) > 0, "the card still waits");
  });

  await scene("the first lines can be opened again", async () => {
    await page.locator("#lines-button").click();
    await page.waitForSelector("dialog#lines .first-lines button");
    await picture(page, "wide-3-lines");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog#lines:not([open])", { state: "attached" });
  });

  await scene("names in a card light their squares up", async () => {
    await page.locator(".card:has-text('needs approval') .servers").last().click();
    assert.ok((await page.locator(".square.lit").count()) >= 4, "four squares are lit");
    await picture(page, "wide-4-lit");
  });

  await scene("the thread opens from the reply count, and slash commands are not for threads", async () => {
    await page.locator(".replies").last().click();
    await page.waitForSelector("#thread-log .message >> nth=1");
    await say(page, "/fleet status", "#thread-text");
    await page.waitForSelector("#thread-log .private:has-text('not supported in threads')");
    await picture(page, "wide-5-thread");
    await page.keyboard.press("Escape");
    await page.waitForSelector("body[data-side=fleet]");
  });

  await scene("the home shows bob what waits for him, and Review opens from there", async () => {
    await page.keyboard.press("Alt+2");
    await be(page, "bob (sre)");
    await page.locator("#direct-list .place").first().click();
    await page.locator("#tab-home").click();
    await page.waitForSelector("#home:has-text('Waiting for you') >> text=Review", { timeout: BOT_MS });
    await noSidewaysScroll(page, "1280 home");
    await picture(page, "wide-5-home");
    await page.locator("#home button:has-text('Review')").first().click();
    await page.waitForSelector("dialog#modal[open] .block-input", { timeout: BOT_MS });
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog#modal:not([open])", { state: "attached" });
    await page.locator("#tab-messages").click();
    await page.waitForSelector("#composer-text:visible");
    await page.locator("#channel-list .place:has-text('noc')").click();
    await page.waitForSelector("#chat-log .card:has-text('needs approval')");
    await page.keyboard.press("Alt+1");
    await be(page, "ana (noc)");
  });

  await scene("one key makes bob, Review opens the modal, and it can be submitted", async () => {
    await page.keyboard.press("Alt+2");
    await be(page, "bob (sre)");
    await page.locator("#chat-log .card:has-text('needs approval') button:has-text('Review')").last().click();
    await page.waitForSelector("dialog#modal[open] .block-input", { timeout: BOT_MS });
    await picture(page, "wide-6-modal");
    await page.locator("dialog#modal footer [type=submit]").click();
    await page.waitForSelector("dialog#modal .input-fault:not([hidden])");
    await page.locator("dialog#modal label.choice:has-text('Deny')").click();
    await page.locator("dialog#modal footer [type=submit]").click();
    await page.waitForSelector("dialog#modal:has-text('A no needs a reason')", { timeout: BOT_MS });
    await page.waitForSelector("dialog#modal[open] .block-input", { timeout: BOT_MS });
    await picture(page, "wide-6-remark");
    await page.locator("dialog#modal label.choice:has-text('Approve')").click();
    const asks = page.locator("dialog#modal .block-input[data-optional=no] input:not([type=radio])");
    if ((await asks.count()) > 0) await asks.first().fill("4");
    await page.locator("dialog#modal footer [type=submit]").click();
    await page.waitForFunction(() => !document.querySelector("dialog#modal[open] form .block-input"), null, { timeout: BOT_MS });
    await picture(page, "wide-7-submitted");
    if (await page.locator("dialog#modal[open]").count()) await page.keyboard.press("Escape");
    await page.waitForSelector("dialog#modal:not([open])", { state: "attached" });
    await page.waitForSelector("#chat-log .card:has-text('running')", { timeout: 2 * BOT_MS });
  });

  await scene("the squares tell the reboots as they happen", async () => {
    await page.waitForSelector(".square[data-reboots]:not([data-reboots=''])", { timeout: 60000 });
    await picture(page, "wide-8-running");
  });

  await scene("a click on a server shows its boot id, and trouble is made and undone", async () => {
    await page.locator(".site[data-site=fra] .square").nth(4).click();
    await page.waitForSelector("#server dl:has-text('boot id')");
    await page.locator("#server [data-trouble=ssh_dead]").click();
    await page.waitForSelector(".square.troubled");
    await picture(page, "wide-9-server");
    await page.locator("#server [data-trouble=repair]").click();
    await page.waitForSelector(".square.troubled", { state: "detached" });
    await page.keyboard.press("Escape");
    await page.waitForSelector("#server", { state: "hidden" });
    await page.selectOption(".trouble-row[data-kind=wont_boot] select", "edge-fra-003");
    await page.locator(".trouble-row[data-kind=wont_boot] .toggle").click();
    await page.waitForSelector(".trouble-row[data-kind=wont_boot] .toggle[aria-pressed=true]");
    await page.locator(".trouble-row[data-kind=wont_boot] .toggle").click();
    await page.waitForSelector(".trouble-row[data-kind=wont_boot] .toggle[aria-pressed=false]");

    const share = async () => (await (await fetch(new URL("/sandbox/traffic", address))).json()).riga;
    await page.locator("#trouble-surge .toggle").click();
    await page.waitForSelector("#trouble-surge .toggle[aria-pressed=true]");
    assert.equal(await share(), 0.8);
    await page.locator("#trouble-surge .toggle").click();
    await page.waitForSelector("#trouble-surge .toggle[aria-pressed=false]");
    assert.ok(await share() <= 0.3);
  });

  await scene("an unread channel is marked, and opening it clears the mark", async () => {
    await page.locator("#channel-list .place:has-text('web')").click();
    const other = await wide.newPage();
    await open(other, "#U0ANA/C0NOC");
    await say(other, `to be read ${stamp}`);
    await page.waitForSelector("#channel-list .place.unread:has-text('noc')");
    await page.locator("#channel-list .place:has-text('noc')").click();
    await page.waitForFunction(() => !document.querySelector("#channel-list .place.unread"));
    await other.close();
  });

  await scene("a mention of somebody else raises a toast for them", async () => {
    const other = await wide.newPage();
    await open(other, "#U0ANA/C0WEB");
    await say(other, `@bob look ${stamp}`);
    await page.waitForSelector(`.toast:has-text("look ${stamp}")`, { timeout: LIVE_MS + 2000 });
    await other.close();
  });

  await scene("dark colours", async () => {
    await page.emulateMedia({ colorScheme: "dark" });
    await picture(page, "wide-10-dark");
    await page.emulateMedia({ colorScheme: "light" });
  });

  const narrow = await browser.newContext({
    viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, colorScheme: "light",
  });
  const phone = await narrow.newPage();
  listen(phone, "390");

  await scene("on a phone one pane fills the screen and nothing scrolls sideways", async () => {
    await open(phone);
    await phone.waitForSelector("#chat-log .card");
    await noSidewaysScroll(phone, "390 chat");
    await picture(phone, "phone-1-chat");
    const small = await phone.locator("#chat-log .action:visible, #phone-switch button").evaluateAll((buttons) =>
      buttons.map((button) => button.getBoundingClientRect()).filter((box) => box.height < 40 || box.width < 40).length);
    assert.equal(small, 0, "every button is as large as a thumb");
  });

  await scene("on a phone the thread and the fleet are one tap away", async () => {
    await phone.locator(".replies").last().tap();
    await phone.waitForSelector("#thread-log .message >> nth=1");
    await noSidewaysScroll(phone, "390 thread");
    await picture(phone, "phone-2-thread");
    await phone.locator("#phone-switch [data-pane=fleet]").tap();
    await phone.waitForSelector(".square:visible");
    await noSidewaysScroll(phone, "390 fleet");
    await picture(phone, "phone-3-fleet");
    await phone.locator(".square").nth(2).tap();
    await phone.waitForSelector("#server dl");
    await picture(phone, "phone-4-server");
    await phone.locator("#phone-switch [data-pane=chat]").tap();
    await phone.waitForSelector("#composer-text:visible");
  });

  await scene("on a phone a request is made without typing a line", async () => {
    await say(phone, "/fleet help");
    await phone.locator("button:has-text('New request')").last().click();
    await phone.waitForSelector("dialog#modal[open] select", { timeout: BOT_MS });
    await phone.locator("dialog#modal select").selectOption("drain");
    await picture(phone, "phone-form-1");
    await phone.locator("dialog#modal footer [type=submit]").click();
    await phone.waitForSelector("dialog#modal .block-input:has-text('Servers')", { timeout: BOT_MS });
    await phone.locator("dialog#modal .block-input:has-text('Servers') input").fill("edge-fra-003");
    await phone.locator("dialog#modal .block-input:has-text('Because') input").fill("fan noise");
    await noSidewaysScroll(phone, "390");
    await picture(phone, "phone-form-2");
    await phone.locator("dialog#modal footer [type=submit]").click();
    await phone.waitForSelector("dialog#modal:has-text('Sent as req-')", { timeout: BOT_MS });
    await phone.keyboard.press("Escape");
    await phone.locator("button:has-text('My requests')").last().click();
    await phone.waitForSelector("text=Your newest requests", { timeout: BOT_MS });
    await picture(phone, "phone-form-3");
  });

  await scene("on a phone a request begins in the home, which asks where it belongs", async () => {
    await phone.selectOption("#channel-pick", "D0ANA");
    await phone.locator("#tab-home").tap();
    await phone.waitForSelector("#home:has-text('Yours') >> text=New request", { timeout: BOT_MS });
    await noSidewaysScroll(phone, "390 home");
    await picture(phone, "phone-home-1");
    await phone.locator("#home button:has-text('New request')").tap();
    await phone.waitForSelector("dialog#modal[open] .block-input:has-text('Where') select", { timeout: BOT_MS });
    await phone.locator("dialog#modal select").selectOption({ label: "#noc" });
    await picture(phone, "phone-home-2");
    await phone.locator("dialog#modal footer [type=submit]").click();
    await phone.waitForSelector("dialog#modal .block-input:has-text('What')", { timeout: BOT_MS });
    await phone.keyboard.press("Escape");
    await phone.locator("#home button:has-text('My requests')").tap();
    await phone.waitForSelector("dialog#modal:has-text('Your newest requests')", { timeout: BOT_MS });
    await phone.keyboard.press("Escape");
    await phone.selectOption("#channel-pick", "C0NOC");
  });

  await scene("on a phone a line can be sent and its answer read", async () => {
    await phone.selectOption("#person-pick", "U0ANA");
    await say(phone, TYPO);
    await phone.waitForSelector(".message.private", { timeout: BOT_MS });
    await noSidewaysScroll(phone, "390 private answer");
    await picture(phone, "phone-5-private");
    await phone.emulateMedia({ colorScheme: "dark" });
    await picture(phone, "phone-6-dark");
  });

  assert.deepEqual(complaints, [], "the browser's console stayed quiet");
  console.log(`every scene passed; pictures in ${pictures}`);
} catch (fault) {
  console.error(`FAILED at "${step}": ${fault.stack ?? fault}`);
  if (complaints.length > 0) console.error(complaints.join("\n"));
  for (const context of browser.contexts()) {
    for (const [index, each] of context.pages().entries()) await each.screenshot({ path: join(pictures, `failed-${index}.png`) }).catch(() => undefined);
  }
  process.exitCode = 1;
} finally {
  await browser.close();
}
