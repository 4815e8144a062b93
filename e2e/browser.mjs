// Debian's Chromium, headless; without the flags it asks for hosts of its own.
import { chromium } from "playwright-core";
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
export const open = () => chromium.launch({ executablePath: "/usr/bin/chromium", args });
