/** Our icons: one path each on a 16 by 16 grid, in templates/icons.json, which the templates read as well. */
import paths from '../../templates/icons.json';

export type IconName = keyof typeof paths;

export function iconPath(name: IconName): string {
  return paths[name];
}

/** For code that builds its DOM by hand. Beside text it is decoration; alone in a button, the button carries the name. */
export function iconElement(name: IconName, className = ''): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('class', `icon ${className}`.trim());
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', paths[name]);
  svg.append(path);
  return svg;
}
