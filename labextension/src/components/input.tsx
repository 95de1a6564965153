import * as React from 'react';

type Props = Omit<
  React.InputHTMLAttributes<HTMLInputElement>,
  'onChange' | 'value'
> & { value: string; onChange: (value: string) => void };

/**
 * A field for text that a model holds.
 */
export const Input = React.forwardRef<HTMLInputElement, Props>(
  (props, ref): JSX.Element => {
    const { className, onChange, value, ...others } = props;
    const [text, setText] = React.useState(value);
    // A model tells its views a moment later: until then React would put the old text back, and the caret to its end.
    React.useEffect(() => setText(value), [value]);
    return (
      <input
        {...others}
        ref={ref}
        className={['jp-Dlaas-input', className].filter(Boolean).join(' ')}
        value={text}
        onChange={event => {
          setText(event.target.value);
          onChange(event.target.value);
        }}
      />
    );
  }
);

Input.displayName = 'Input';
