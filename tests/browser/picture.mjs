// Makes the picture of the README from the running demo: WRASSE_PAGE=… node tests/browser/picture.mjs docs/card.png
// Nothing is drawn by hand: a line is typed, bob approves, and the page is photographed when half of it is done.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
const peers = fileURLToPath(new URL("../../target/peers/browser/", import.meta.url));
const { chromium } = createRequire(peers)("playwright-core");

const page_url = process.env.WRASSE_PAGE;
const out = process.argv[2] ?? "docs/card.png";
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: "light" })).newPage();
await page.goto(page_url);
await page.waitForSelector(".square");
const box = page.locator("textarea").first();
await box.fill("/fleet reboot edge-lax-[001-020] because kernel update");
await box.press("Enter");
await page.waitForSelector("#chat-log .card:has-text('needs approval')");
await page.keyboard.press("Alt+2");
await page.locator("#chat-log .card:has-text('needs approval') button:has-text('Review')").last().click();
await page.locator("dialog#modal label.choice:has-text('Approve')").click();
await page.locator("dialog#modal footer [type=submit]").click();
await page.waitForSelector("dialog#modal:has-text('Recorded: approved')");
await page.keyboard.press("Escape");
await page.keyboard.press("Alt+1");
const inTheMiddle = () => {
  const working = /(7|8|9|10|11) of 20 · [34] working/.test(document.querySelector("#chat-log")?.innerText ?? "");
  return working && [...document.querySelectorAll(".square")].some((square) => square.textContent.startsWith("B"));
};
await page.waitForFunction(inTheMiddle, null, { timeout: 120000, polling: 100 });
await page.screenshot({ path: out });
await browser.close();
