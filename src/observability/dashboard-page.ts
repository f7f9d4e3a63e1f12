/**
 * The dashboard, as the build has left it: one page with its script and its style in it.
 *
 * Guarantees: the policy lets the browser run this script and this style, fetch from where the page came, and nothing else.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface DashboardPage {
  readonly html: string;
  /** Its Content-Security-Policy. */
  readonly policy: string;
}

/** @throws Node's errors where the build has left none */
export function readDashboardPage(): DashboardPage {
  const html = readFileSync(new URL('../dashboard/dashboard.html', import.meta.url), 'utf8');
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(html, 'script')}`,
    `style-src ${hashOf(html, 'style')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { html, policy };
}

/** @see https://www.w3.org/TR/CSP3/#grammardef-hash-source */
function hashOf(html: string, element: string): string {
  const start = html.indexOf(`<${element}>`) + element.length + 2;
  const text = html.slice(start, html.indexOf(`</${element}>`, start));
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
