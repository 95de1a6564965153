import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { askDownload } from '../download/index';
import { DownloadModel } from '../download/model';
import { uploadIcon } from '../icons';
import type { Job } from '../schema';
import { CommandIDs, IDataLake, IDataLakePanel } from '../tokens';
import { TransfersSection } from '../transfers/index';
import { TransfersModel } from '../transfers/model';
import { tellTransfers } from '../transfers/notify';
import { askUpload } from '../upload/index';
import { UploadModel } from '../upload/model';
import { itemOf, itemProperties } from './item';

type Drives = Contents.IManager;

/**
 * Carries files of the file browser into the lake, and data from it.
 */
export const upload: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-dlaas:upload',
  description:
    'Uploads files of the file browser into the lake, downloads data from it.',
  autoStart: true,
  requires: [IDataLake, IDataLakePanel],
  optional: [IFileBrowserFactory, ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    lake: IDataLake,
    panel: IDataLakePanel,
    browsers: IFileBrowserFactory | null,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_dlaas');
    const { contents } = app.serviceManager;
    const transfers = new TransfersModel(lake.model);
    panel.addSection({
      id: 'transfers',
      widget: new TransfersSection(transfers, trans, item => panel.find(item)),
      rank: 20
    });
    const show = (job: Job | null) => {
      if (job) {
        transfers.add(job);
        panel.open('transfers');
      }
    };
    tellTransfers(transfers, trans, () => panel.open('transfers'));
    app.commands.addCommand(CommandIDs.upload, {
      label: trans.__('Upload to the data lake…'),
      caption: trans.__('Put the selected files and folders into the lake'),
      icon: uploadIcon,
      isEnabled: args =>
        typeof args.path === 'string' ||
        selected(browsers, contents).length > 0,
      execute: async args => {
        const files =
          typeof args.path === 'string'
            ? [await contents.get(args.path, { content: false })]
            : selected(browsers, contents);
        const own = files.filter(({ path }) => isOfServer(contents, path));
        if (!own.length) {
          return;
        }
        await lake.model.refresh();
        const chosen = own.map(file => ({
          path: contents.localPath(file.path),
          name: PathExt.basename(file.path),
          size: file.size ?? null,
          isFolder: file.type === 'directory'
        }));
        show(await askUpload(new UploadModel(lake.model, chosen), trans));
      },
      describedBy: {
        args: {
          type: 'object',
          properties: {
            path: {
              type: 'string',
              description: trans.__(
                'The path of a file or folder; without it what is selected in the file browser is meant'
              )
            }
          }
        }
      }
    });
    app.commands.addCommand(CommandIDs.download, {
      label: trans.__('Download Data…'),
      caption: trans.__('Bring a DID into a folder or into the cache'),
      isEnabled: args => args.did !== undefined || lake.model.selected !== null,
      execute: async args => {
        const item = await itemOf(args, lake.model, trans);
        if (item) {
          const form = new DownloadModel(
            lake.model,
            item,
            folder(browsers, contents)
          );
          show(await askDownload(form, trans));
        }
      },
      describedBy: {
        args: { type: 'object', properties: itemProperties(trans) }
      }
    });
    lake.model.stateChanged.connect(() =>
      app.commands.notifyCommandChanged(CommandIDs.download)
    );
    const category = trans.__('Data Lake');
    palette?.addItem({ command: CommandIDs.upload, category });
    palette?.addItem({ command: CommandIDs.download, category });
  }
};

/**
 * What is selected, if it lies on the server's own disk.
 */
function selected(
  browsers: IFileBrowserFactory | null,
  contents: Drives
): Contents.IModel[] {
  const items = [...(browsers?.tracker.currentWidget?.selectedItems() ?? [])];
  return items.every(({ path }) => isOfServer(contents, path)) ? items : [];
}

/**
 * The folder that the file browser shows; null where none of the server's own disk is shown.
 */
function folder(
  browsers: IFileBrowserFactory | null,
  contents: Drives
): string | null {
  const path = browsers?.tracker.currentWidget?.model.path;
  return path !== undefined && isOfServer(contents, path)
    ? contents.localPath(path)
    : null;
}

/**
 * Whether a path is one of the server's own disk; collaboration shows the same as a drive of its own.
 */
function isOfServer(contents: Drives, path: string): boolean {
  return ['', 'RTC'].includes(contents.driveName(path));
}
