/**
 * Add a style sheet to the page.
 */
export function addStyle(sheet) {
  const style = document.createElement('style');
  style.textContent = sheet;
  document.head.append(style);
}
