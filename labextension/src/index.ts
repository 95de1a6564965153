import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { available } from './plugins/available';
import { lake } from './plugins/lake';
import { notebook } from './plugins/notebook';
import { panel } from './plugins/panel';
import { upload } from './plugins/upload';

export * from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  lake,
  panel,
  available,
  notebook,
  upload
];

export default plugins;
