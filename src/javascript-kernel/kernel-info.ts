/** What the kernel says about itself (Jupyter messaging 5.3, "Kernel info"). */
import type { KernelInfoContent } from '../protocol/kernel-messages.js';

export function kernelInfo(version: string): KernelInfoContent & { status: 'ok'; debugger: false } {
  return {
    status: 'ok',
    protocol_version: '5.3',
    implementation: 'nbserver-javascript',
    implementation_version: version,
    language_info: {
      name: 'javascript',
      version: process.versions.node,
      mimetype: 'text/javascript',
      file_extension: '.js',
      pygments_lexer: 'javascript',
      codemirror_mode: 'javascript',
      nbconvert_exporter: 'javascript',
    },
    banner: `JavaScript on Node.js ${process.versions.node}: top-level await, import, TypeScript syntax, display()`,
    debugger: false,
    help_links: [
      { text: 'Node.js', url: `https://nodejs.org/docs/v${process.versions.node}/api/` },
      { text: 'JavaScript (MDN)', url: 'https://developer.mozilla.org/docs/Web/JavaScript' },
    ],
    supported_features: [],
  };
}
