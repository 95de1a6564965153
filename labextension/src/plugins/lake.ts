import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import { LakeModel } from '../lake/model';
import { Preferences } from '../preferences';
import { IDataLake } from '../tokens';
import { TransfersModel } from '../transfers/model';

/**
 * Knows the instances, the logins and what the server pushes.
 */
export const lake: JupyterFrontEndPlugin<IDataLake> = {
  id: 'jupyter-dlaas:lake',
  description:
    'Knows the data lakes of this server, the logins, and what changes in them.',
  autoStart: true,
  provides: IDataLake,
  activate: (app: JupyterFrontEnd) => {
    const model = new LakeModel({
      settings: app.serviceManager.serverSettings,
      events: app.serviceManager.events?.stream,
      failed: app.serviceManager.connectionFailure
    });
    const transfers = new TransfersModel(model);
    return { model, transfers, preferences: new Preferences() };
  }
};
