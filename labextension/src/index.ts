import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

const panel: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-dlaas:panel',
  description: 'The data lake beside the notebook.',
  autoStart: true,
  activate: (_app: JupyterFrontEnd) => undefined
};

export default [panel];
