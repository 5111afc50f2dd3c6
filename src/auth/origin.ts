/** Which origins may use this server from a browser: our own, and those that the configuration names. */

export interface OriginRules {
  /** accepted besides the origin of the request itself */
  own: readonly string[];
  /** the configured origins; undefined when neither option is set */
  allowed?: (origin: string) => boolean;
}

export interface OriginSettings {
  publicUrl?: string;
  allowOrigin?: string;
  allowOriginPat?: string;
}

/** @throws {Error} when allow_origin_pat is no regular expression or allow_origin no origin */
export function originRules({ publicUrl, allowOrigin, allowOriginPat }: OriginSettings): OriginRules {
  const own = publicUrl ? [new URL(publicUrl).origin] : [];
  if (allowOrigin === '*') return { own, allowed: () => true };
  if (allowOrigin) {
    const wanted = normalOrigin(allowOrigin.replace(/\/$/, ''));
    if (wanted === undefined || wanted === 'null') {
      throw new Error(
        `allow_origin: "${allowOrigin}" is not an origin like https://example.org:8000, or "*".`,
      );
    }
    return { own, allowed: (origin) => origin === wanted };
  }
  if (allowOriginPat) {
    const pattern = compile(allowOriginPat);
    return { own, allowed: (origin) => pattern.test(origin) };
  }
  return { own };
}

/** Anchored: a pattern that matched a prefix let `https://good.example.evil.org` in (CVE-2026-40110). */
function compile(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch (error) {
    throw new Error(`allow_origin_pat: "${pattern}" is not a regular expression: ${String(error)}`, {
      cause: error,
    });
  }
}

/**
 * @param header   the Origin header; must be there
 * @param current  the origin of the request itself, `''` when unknown
 */
export function originAllowed(header: string, current: string, rules: OriginRules): boolean {
  const origin = normalOrigin(header);
  if (origin === undefined || origin === 'null') return false;
  return (
    (current !== '' && origin === current) || rules.own.includes(origin) || Boolean(rules.allowed?.(origin))
  );
}

/**
 * An origin in its one spelling: lower case, default port left out. Origins of other schemes (`vscode-webview://id`) stay
 * as they are. `null` is what sandboxed frames send. Undefined when it is more or less than an origin.
 */
export function normalOrigin(header: string): string | undefined {
  const text = header.toLowerCase();
  if (text === 'null') return text;
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/\\?#@]+$/.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.origin : text;
}
