import * as React from 'react';

/**
 * Drawings on a field of 16 by 16; lines unless they are marked as solid.
 */
const DRAWINGS = {
  container:
    'M2.5 5.2 8 2.5l5.5 2.7L8 7.9zM2.5 8.2 8 10.9l5.5-2.7M2.5 11 8 13.7l5.5-2.7',
  dataset:
    'M2 4.2c0-.6.4-1 1-1h3.2l1.5 1.7H13c.6 0 1 .4 1 1v6c0 .6-.4 1-1 1H3c-.6 0-1-.4-1-1z',
  file: 'M4 1.8h5.2L12.4 5v8.2c0 .5-.4 1-1 1H4.6c-.5 0-1-.5-1-1V2.8c0-.5.4-1 1-1M9 2v3.2h3.2',
  scope:
    'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M1.8 8h12.4M8 1.8c-3.4 3.6-3.4 8.8 0 12.4M8 1.8c3.4 3.6 3.4 8.8 0 12.4',
  filter: 'M2.2 3.2h11.6L9.4 8.4v4.4l-2.8-1.4v-3z',
  star: 'm8 1.9 1.9 3.9 4.2.6-3 3 .7 4.2L8 11.6l-3.8 2 .7-4.2-3-3 4.2-.6z',
  chevron: 'm6 4 4 4-4 4',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.3 10.3l3.4 3.4',
  close: 'm4 4 8 8M12 4l-8 8',
  copy: 'M5.5 5.5h8v8h-8zM3.3 10.5h-.8v-8h8v.8',
  code: 'M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5',
  attach:
    'M12.8 7.3 8 12.1a3 3 0 0 1-4.3-4.3l5-5a2 2 0 0 1 2.9 2.9l-4.8 4.8a1 1 0 0 1-1.5-1.5l4.3-4.3',
  refresh: 'M13 8a5 5 0 1 1-1.5-3.6M13 2.4v2.8h-2.8',
  person:
    'M8 2.6a2.7 2.7 0 1 1 0 5.4 2.7 2.7 0 0 1 0-5.4M2.8 13.6c.4-2.6 2.6-4 5.2-4s4.8 1.4 5.2 4',
  logout:
    'M9.5 2.5H3.8c-.6 0-1 .4-1 1v9c0 .6.4 1 1 1h5.7M6.5 8h7.2M11 5.2 13.8 8 11 10.8',
  up: 'M8 13V3.4M4 7l4-4 4 4',
  available:
    'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M5.2 8.2l2 2 3.7-4.1',
  partial:
    'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M8 4.6v6.8a3.4 3.4 0 0 0 0-6.8',
  replicating:
    'M8 2v7.4M4.9 6.4 8 9.5l3.1-3.1M2.6 11.4v1.3c0 .6.4 1 1 1h8.8c.6 0 1-.4 1-1v-1.3',
  stuck: 'M8 2.2 14.4 13.4H1.6zM8 6.4v3.2M8 11.5v.1',
  suspended:
    'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M6.4 5.8v4.4M9.6 5.8v4.4',
  waiting_approval:
    'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M8 4.6V8l2.3 1.6',
  absent:
    'M4.6 12.4h6.9a2.6 2.6 0 0 0 .4-5.2 4 4 0 0 0-7.7-.6 2.9 2.9 0 0 0 .4 5.8',
  empty: 'M8 2.4a5.6 5.6 0 1 1 0 11.2A5.6 5.6 0 0 1 8 2.4M4.2 11.8l7.6-7.6',
  info: 'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M8 7.4v3.6M8 5v.1',
  cancelled: 'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M6 6l4 4M10 6l-4 4'
};

export type Drawing = keyof typeof DRAWINGS;

/**
 * A drawing in the colour of the text around it; what it means is said in words beside it.
 */
export function Icon(props: {
  name: Drawing;
  className?: string;
}): JSX.Element {
  return (
    <svg
      className={`jp-Dlaas-icon ${props.className ?? ''}`}
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      <path d={DRAWINGS[props.name]} />
    </svg>
  );
}
