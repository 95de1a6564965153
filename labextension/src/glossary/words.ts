import type { TranslationBundle } from '@jupyterlab/translation';

/**
 * The words of Rucio, in the order in which one meets them: each with what it is called, and a sentence or two.
 */
export function glossary(trans: TranslationBundle) {
  return {
    did: [
      trans.__('DID'),
      trans.__(
        'The name of data: scope:name. It is a file, a dataset of files, or a container of datasets, wherever its copies lie.'
      )
    ],
    scope: [
      trans.__('Scope'),
      trans.__(
        'The first part of a DID, such as user.alice: who or what the name belongs to.'
      )
    ],
    rse: [
      trans.__('RSE'),
      trans.__(
        'Rucio Storage Element: a named place for data at a site, disk or tape.'
      )
    ],
    replica: [
      trans.__('Replica'),
      trans.__('A copy of a file on an RSE. All replicas of a file are equal.')
    ],
    pfn: [
      trans.__('PFN'),
      trans.__(
        'Physical file name: the address of one replica. A DID stays, its PFNs come and go.'
      )
    ],
    rule: [
      trans.__('Rule'),
      trans.__(
        'What you ask of the lake: keep this DID on such an RSE for so long. Rucio brings the data there, and leaves it while a rule keeps it.'
      )
    ],
    lifetime: [
      trans.__('Lifetime'),
      trans.__(
        'How long a rule lasts. After its end Rucio may delete the copy there, not the DID.'
      )
    ],
    quota: [
      trans.__('Quota'),
      trans.__('How many bytes the rules of your account may keep on an RSE.')
    ],
    qos: [
      trans.__('QoS'),
      trans.__(
        'Quality of service: a kind of storage, such as fast or safe, where you need not name an RSE.'
      )
    ],
    tape: [
      trans.__('Tape'),
      trans.__(
        'Storage that is cheap and slow: data comes to disk before it is read, which may take hours.'
      )
    ],
    stuck: [
      trans.__('STUCK'),
      trans.__(
        'The state of a rule whose transfers have failed. The data is safe: try again, or another RSE.'
      )
    ],
    embargo: [
      trans.__('Embargo'),
      trans.__(
        'Data that is not public yet. Its copies here are for you alone to read.'
      )
    ]
  };
}

export type Term = keyof ReturnType<typeof glossary>;
