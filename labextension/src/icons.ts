import { LabIcon } from '@jupyterlab/ui-components';

const strokes =
  'fill="none" stroke="#616161" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" class="jp-icon3 jp-icon-selectable"';

/**
 * The panel's sign: a store of data that ends in water.
 */
export const lakeIcon = new LabIcon({
  name: 'jupyter-dlaas:lake',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <ellipse cx="12" cy="5.6" rx="7" ry="2.6" ${strokes}/>
  <path d="M5 5.6v5.2M19 5.6v5.2" ${strokes}/>
  <path d="M2.8 14.4c1.55-1.7 3.05-1.7 4.6 0s3.05 1.7 4.6 0 3.05-1.7 4.6 0 3.05 1.7 4.6 0" ${strokes}/>
  <path d="M2.8 19.4c1.55-1.7 3.05-1.7 4.6 0s3.05 1.7 4.6 0 3.05-1.7 4.6 0 3.05 1.7 4.6 0" ${strokes}/>
</svg>`
});

/**
 * A file on its way into the lake.
 */
export const uploadIcon = new LabIcon({
  name: 'jupyter-dlaas:upload',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <path d="M12 2.8v8.4M8.4 7.8 12 11.4l3.6-3.6" ${strokes}/>
  <path d="M2.8 15.4c1.55-1.7 3.05-1.7 4.6 0s3.05 1.7 4.6 0 3.05-1.7 4.6 0 3.05 1.7 4.6 0" ${strokes}/>
  <path d="M2.8 20.2c1.55-1.7 3.05-1.7 4.6 0s3.05 1.7 4.6 0 3.05-1.7 4.6 0 3.05 1.7 4.6 0" ${strokes}/>
</svg>`
});
