/** The HTML that a person gets: dashboard, notebook page, files, login, errors. */
export { loadTemplates, renderPage, type PageContext } from './render-page.js';
export { pagesRouter, type PageContents, type PagesOptions } from './router.js';
export {
  renderError,
  renderLogin,
  renderLogout,
  type ErrorView,
  type LoginView,
  type LogoutView,
} from './account-pages.js';
