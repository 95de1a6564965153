import { createElement, Fragment } from 'react';

/**
 * One name for the whole bundle: a minifier shortens it, but no member of another package.
 */
export const element = createElement;
export const fragment = Fragment;
