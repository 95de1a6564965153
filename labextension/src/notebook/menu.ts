import { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';

/**
 * An act that a menu offers.
 */
export interface IAct {
  label: string;
  run: () => void;
  isEnabled?: boolean;
}

/**
 * Open a menu below the button that was pressed; the focus comes back to it.
 */
export function openMenu(button: HTMLElement, acts: readonly IAct[]): void {
  const commands = new CommandRegistry();
  const menu = new Menu({ commands });
  acts.forEach(({ isEnabled, label, run }, index) => {
    const command = String(index);
    // It lives as long as the menu, and nobody else can call it.
    // eslint-disable-next-line jupyter/command-described-by
    commands.addCommand(command, {
      label,
      execute: run,
      isEnabled: () => isEnabled ?? true
    });
    menu.addItem({ command });
  });
  menu.aboutToClose.connect(() => {
    button.setAttribute('aria-expanded', 'false');
    button.focus();
    // What was chosen is carried out after this.
    setTimeout(() => menu.dispose());
  });
  const { bottom, left } = button.getBoundingClientRect();
  button.setAttribute('aria-expanded', 'true');
  menu.open(left, bottom);
}
