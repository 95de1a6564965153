import { createElement } from 'react';

/**
 * One name for the whole bundle: a minifier shortens it, but no member of another package.
 */
export const element = createElement;
