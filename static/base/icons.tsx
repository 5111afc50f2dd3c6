/** Icons in components. */
import { iconPath, type IconName } from './icon-element.js';

export type { IconName } from './icon-element.js';

/** An icon beside text is decoration; alone in a button, the button carries the name. */
export function Icon({ name, className = '' }: { name: IconName; className?: string }) {
  return (
    <svg class={`icon ${className}`.trim()} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={iconPath(name)} />
    </svg>
  );
}
