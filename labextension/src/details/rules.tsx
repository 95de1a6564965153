import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button } from '../components/button';
import { Icon } from '../components/icon';
import type { Drawing } from '../components/icon';
import { ProblemView } from '../components/problem';
import { Progress } from '../components/state';
import { Quiet } from '../components/text';
import { Until } from '../components/when';
import { formatCount } from '../format';
import type { Rule } from '../schema';
import type { IActs } from './body';
import type { DetailsModel } from './model';

interface IProps {
  model: DetailsModel;
  acts: Pick<IActs, 'attach' | 'move' | 'prolong' | 'release'>;
  trans: TranslationBundle;
}

/**
 * What is kept where, by whom, until when, and how far that is.
 */
export function Rules(props: IProps): JSX.Element | null {
  const { model, trans } = props;
  const { rules } = model;
  if (!rules) {
    return null;
  }
  return (
    <details className="jp-Dlaas-rules" open>
      <summary>{trans.__('Rules (%1)', rules.length)}</summary>
      {rules.length === 0 && (
        <Quiet>
          {model.item?.type === 'file'
            ? trans.__('No rule protects it: Rucio may delete it.')
            : trans.__('None of its own; what is in it may have some.')}
        </Quiet>
      )}
      <ul>
        {rules.map(rule => (
          <RuleLine key={rule.id} rule={rule} {...props} />
        ))}
      </ul>
    </details>
  );
}

function RuleLine(props: IProps & { rule: Rule }): JSX.Element {
  const { model, rule, trans } = props;
  const locks = rule.locks_ok + rule.locks_replicating + rule.locks_stuck;
  // The state above says it in its own words.
  const isTold = model.known?.status?.reason.includes(rule.error ?? '');
  return (
    <li className="jp-Dlaas-rule" data-rule={rule.id} title={rule.id}>
      <span className={`jp-Dlaas-mark jp-mod-${MARKS[rule.state]}`}>
        <Icon name={MARKS[rule.state]} />
      </span>
      <span className="jp-Dlaas-rule-where" title={rule.rse_expression}>
        {rule.rse_expression}
      </span>
      <span className="jp-Dlaas-rule-state">{ruleText(rule, trans)}</span>
      <span className="jp-Dlaas-rule-more">
        {trans.__('by %1', rule.account)}
        {' · '}
        {rule.expires_at ? (
          <Until time={rule.expires_at} trans={trans} />
        ) : (
          trans.__('without end')
        )}
      </span>
      {rule.state !== 'OK' && locks > 0 && (
        <Progress
          label={trans.__('Files of the rule')}
          value={rule.locks_ok}
          of={locks}
          text={locksText(rule, locks, trans)}
          tone={rule.locks_stuck ? 'stuck' : undefined}
        />
      )}
      {rule.error && !isTold && (
        <p className="jp-Dlaas-rule-error">{rule.error}</p>
      )}
      {rule.state === 'STUCK' && <Why {...props} />}
      {model.isOwn(rule) && <RuleActs {...props} />}
    </li>
  );
}

/**
 * What one can do with a rule of one's own.
 */
function RuleActs(props: IProps & { rule: Rule }): JSX.Element {
  const { acts, model, rule, trans } = props;
  const disabled = model.isChanging(rule);
  return (
    <div className="jp-Dlaas-rule-acts">
      {rule.state === 'STUCK' && (
        <>
          <Button
            label={trans.__('Retry')}
            title={trans.__('Have Rucio try the transfers again')}
            disabled={disabled}
            onClick={() => void model.retryRule(rule)}
          />
          <Button
            label={trans.__('Another place…')}
            disabled={disabled}
            onClick={() => acts.move(rule)}
          />
          {acts.attach && rule.locks_ok > 0 && (
            <Button
              label={trans.__('Use what is here')}
              onClick={() => acts.attach?.()}
            />
          )}
        </>
      )}
      <Button
        label={
          rule.expires_at ? trans.__('Extend…') : trans.__('Give it an end…')
        }
        title={trans.__('Let this rule last longer, or end earlier')}
        disabled={disabled}
        onClick={() => acts.prolong(rule)}
      />
      <Button
        label={trans.__('Release…')}
        title={trans.__('Give this rule up')}
        disabled={disabled}
        onClick={() => acts.release(rule)}
      />
    </div>
  );
}

/**
 * Why a rule is stuck, asked when somebody wants to know.
 */
function Why(props: IProps & { rule: Rule }): JSX.Element {
  const { model, rule, trans } = props;
  const [isOpen, setOpen] = React.useState(false);
  const told = model.explanation(rule);
  const isAsked = isOpen && !told;
  React.useEffect(() => {
    if (isAsked) {
      void model.explain(rule);
    }
  }, [isAsked, model, rule]);
  return (
    <details
      className="jp-Dlaas-why"
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary>{trans.__('Why?')}</summary>
      {!told && <p>{trans.__('Asking…')}</p>}
      {told && 'blame' in told && <ProblemView problem={told} trans={trans} />}
      {told && 'locks' in told && (
        <>
          <p>{told.reason}</p>
          <ul>
            {told.locks.slice(0, MOST).map(lock => (
              <li key={lock.did + lock.rse}>
                {[lock.did, lock.error].filter(Boolean).join(': ')}
              </li>
            ))}
          </ul>
          {(told.locks.length > MOST || !told.complete) && (
            <p>{trans.__('and more')}</p>
          )}
        </>
      )}
    </details>
  );
}

const MOST = 5;

const MARKS: { [state in Rule['state']]: Drawing } = {
  OK: 'available',
  REPLICATING: 'replicating',
  STUCK: 'stuck',
  SUSPENDED: 'suspended',
  WAITING_APPROVAL: 'waiting_approval',
  INJECT: 'replicating'
};

function ruleText(rule: Rule, trans: TranslationBundle): string {
  switch (rule.state) {
    case 'OK':
      return trans.__('complete');
    case 'REPLICATING':
    case 'INJECT':
      return trans.__('on its way');
    case 'STUCK':
      return trans.__('stuck');
    case 'SUSPENDED':
      return trans.__('suspended');
    case 'WAITING_APPROVAL':
      return trans.__('waits for approval');
  }
}

function locksText(
  rule: Rule,
  locks: number,
  trans: TranslationBundle
): string {
  const done = trans._n(
    '%2 of %3 file',
    '%2 of %3 files',
    locks,
    formatCount(rule.locks_ok),
    formatCount(locks)
  );
  return rule.locks_stuck
    ? trans.__('%1, %2 stuck', done, formatCount(rule.locks_stuck))
    : done;
}
