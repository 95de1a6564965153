import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICompletionProviderManager } from '@jupyterlab/completer';

import { DIDCompletion } from '../completion/provider';
import { IDataLake } from '../tokens';

/**
 * Completes DIDs inside strings in code cells.
 */
export const completion: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-dlaas:completion',
  description: 'Completes DIDs inside strings in code cells.',
  autoStart: true,
  requires: [IDataLake],
  optional: [ICompletionProviderManager],
  activate: (
    _: JupyterFrontEnd,
    lake: IDataLake,
    manager: ICompletionProviderManager | null
  ) => {
    manager?.registerProvider(new DIDCompletion(lake.model));
  }
};
