import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { acts } from './plugins/acts';
import { available } from './plugins/available';
import { basket } from './plugins/basket';
import { drive } from './plugins/drive';
import { help } from './plugins/help';
import { completion } from './plugins/completion';
import { lake } from './plugins/lake';
import { mime } from './plugins/mime';
import { notebook } from './plugins/notebook';
import { panel } from './plugins/panel';
import { status } from './plugins/status';
import { upload } from './plugins/upload';

export * from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  lake,
  panel,
  available,
  notebook,
  completion,
  mime,
  upload,
  basket,
  acts,
  help,
  status,
  drive
];

export default plugins;
