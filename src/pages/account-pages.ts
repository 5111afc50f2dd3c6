/** The pages that people meet outside of their work: login, logout and errors. */
import { STATUS_CODES } from 'node:http';
import { renderPage } from './render-page.js';

export interface LoginView {
  base_url: string;
  static_url?: string;
  /** where a successful login leads, already checked: a path below base_url */
  next: string;
  /** a sentence about the last try */
  message?: string;
  host: string;
  asks: 'password' | 'token' | 'password or token';
  xsrf: string;
  /** seconds until another try counts */
  retryAfter?: number;
  nonce: string;
}

export function renderLogin(view: LoginView): string {
  return renderPage('login.html', { ...view, entry: 'login', body_class: 'page-plain' });
}

export interface LogoutView {
  base_url: string;
  static_url?: string;
  host: string;
  /** true once the session is gone; false asks with a POST form */
  done: boolean;
  message: string;
  xsrf: string;
  nonce: string;
}

export function renderLogout(view: LogoutView): string {
  return renderPage('logout.html', { ...view, entry: 'login', body_class: 'page-plain' });
}

export interface ErrorView {
  base_url: string;
  static_url?: string;
  status: number;
  /** a sentence; shown as text */
  message: string;
  nonce: string;
}

export function renderError(view: ErrorView): string {
  const name = STATUS_CODES[view.status] ?? 'Error';
  return renderPage('error.html', {
    ...view,
    name,
    advice: adviceFor(view.status),
    entry: 'login',
    body_class: 'page-plain',
  });
}

/** What a person can do about a status. */
function adviceFor(status: number): string {
  if (status === 404) return 'It may have been renamed or deleted. The dashboard shows what is there.';
  if (status === 403) return 'Logging in again may help; otherwise the server does not allow it.';
  if (status === 413) return 'The limit is an option of the server; whoever runs it can raise it.';
  if (status === 429) return 'Wait a little, then reload the page.';
  if (status >= 500) return 'Reload the page to try again. The log of the server says more about the cause.';
  return 'Check the address, or start again from the dashboard.';
}
