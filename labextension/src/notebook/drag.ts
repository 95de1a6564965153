import * as React from 'react';

/**
 * What is dragged is a variable of this list, and nothing that another place could take.
 */
const TYPE = 'application/vnd.dlaas.variable';

type Props = React.HTMLAttributes<HTMLElement>;

/**
 * Handlers for the grips and the rows of a list, and the row over which something is held.
 */
export interface IDrag {
  over: number | null;
  onGrip: (name: string) => Props;
  onRow: (index: number) => Props;
}

/**
 * Let rows of a list be dragged to another place.
 */
export function useDrag(move: (name: string, to: number) => void): IDrag {
  const [over, setOver] = React.useState<number | null>(null);
  const isOurs = (event: React.DragEvent) =>
    event.dataTransfer.types.includes(TYPE);
  return {
    over,
    onGrip: name => ({
      onDragStart: event => {
        event.dataTransfer.setData(TYPE, name);
        event.dataTransfer.effectAllowed = 'move';
        const row = event.currentTarget.closest('li');
        if (row) {
          event.dataTransfer.setDragImage(row, 0, 0);
        }
      },
      onDragEnd: () => setOver(null)
    }),
    onRow: index => ({
      onDragOver: event => {
        if (isOurs(event)) {
          event.preventDefault();
          setOver(index);
        }
      },
      onDrop: event => {
        if (isOurs(event)) {
          event.preventDefault();
          event.stopPropagation();
          setOver(null);
          move(event.dataTransfer.getData(TYPE), index);
        }
      }
    })
  };
}
