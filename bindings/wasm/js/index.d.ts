/** How much is removed: each level removes all that the one before removes. */
export type Level = "precise" | "balanced" | "thorough";

/** How certain it is that what a rule matches is chaff. */
export type Confidence = "certain" | "likely" | "possible";

/** Where a text comes from. */
export interface Origin {
  /** The address of the page, for rules that are bound to hosts. */
  url?: string | null;
  /** The language, such as `en`; by default it is detected. */
  lang?: string | null;
}

/** The options of a cleaner. */
export interface Options {
  /** How much is removed; by default `balanced`. */
  level?: Level | null;
  /** Names of rules, packs, categories or filters: only these are used. */
  only?: string | readonly string[] | null;
  /** Names of rules, packs, categories or filters that are not used. */
  skip?: string | readonly string[] | null;
  /** A text that would lose more than this share of its bytes is held: it stays as it is. 0 to 1, by default 0.95. */
  maxRemoved?: number | null;
  /** The share of the words of prose that may be lost, 0 to 1; by default the level decides. */
  maxLoss?: number | null;
  /** Whether a text is cleaned until nothing more is found; by default `false`. */
  idempotent?: boolean | null;
}

/** A part of a text. Offsets count UTF-16 code units, as `String.prototype.slice` does. */
export interface Span {
  /** Start in the source. */
  start: number;
  /** End in the source; exclusive. */
  end: number;
  /** The part of the source from `start` to `end`. */
  text: string;
}

/** A removed span and the rules that removed it. */
export interface Removal extends Span {
  /** Start in the source, in bytes of UTF-8, as the records of the command count. */
  startByte: number;
  /** End in the source, in bytes of UTF-8; exclusive. */
  endByte: number;
  /** The full name of the rule that removed it; of several, the most certain one. */
  rule: string;
  /** The full names of the other rules that removed it. */
  also: string[];
  /** The category of the rule, such as `advert`. */
  category: string;
  confidence: Confidence;
  /** The score of the mark: 1 for a rule, less for the line model. */
  score: number;
  /** What the rule removes, in a sentence. */
  description: string;
}

/** A cleaned text and what was removed from its source. */
export interface Result {
  /** The original text. */
  source: string;
  /** The text without its boilerplate, or the source if the text is held. */
  text: string;
  /** Whether nothing was removed because the text would lose more than `maxRemoved` allows. */
  held: boolean;
  /** The share of the bytes that was removed, or would have been removed if the text is held. */
  share: number;
  /** The removed spans, disjoint and in order; empty if the text is held. */
  removals: Removal[];
}

/** What a rule matched in a removal. */
export interface Match extends Span {
  /** The full name of the rule. */
  rule: string;
  /** The phrase, label or pattern that matched; `null` for rules without them. */
  clause: string | null;
}

/** A feature of a line, and how much it contributed to the score of the line model. */
export interface Feature {
  name: string;
  /** The value in its own unit: words, lines, parts of a thousand. */
  value: number;
  /** What it added to the log-odds of the score; negative if it speaks for prose. */
  weight: number;
}

/** The numbers of the lines of a span, from 1. */
export interface Lines {
  firstLine: number;
  /** Inclusive. */
  lastLine: number;
}

/** The line model's judgement of a line, or of the lines of a hard-wrapped paragraph. */
export interface Judgement extends Lines {
  /**
   * `kept` if the score is not above the threshold, `prose` if it is kept whatever its score, `mixed` if
   * rules remove a part.
   */
  decision: "removed" | "kept" | "prose" | "mixed";
  /** The probability that the lines are chaff. */
  score: number;
  /** The score above which the level removes lines in such a page. */
  threshold: number;
  /** The kind of page, in words. */
  page: string;
  /** The features that contributed most, the largest contribution first; empty for prose. */
  features: Feature[];
}

/** A removal, with what led to it. */
export interface ExplainedRemoval extends Removal, Lines {
  /** What its rules matched; empty if only the line model or the structure of the page led to it. */
  matches: Match[];
  /** How the line model judges its lines; empty if the model did not run. */
  judgements: Judgement[];
}

/** A text that a keep rule protected from removal. */
export interface Protection extends Span, Lines {
  /** The full name of the rule that would have removed it. */
  rule: string;
  /** The full name of the keep rule. */
  by: string;
  /** What the keep rule protects, in a sentence. */
  description: string;
}

/** What is removed from a text and why. */
export interface Explanation {
  /** The original text. */
  source: string;
  /** The text without its boilerplate, or the source if the text is held. */
  text: string;
  /** Whether nothing is removed because the text would lose more than `maxRemoved` allows. */
  held: boolean;
  /** The share of the bytes that is removed, or would be removed if the text is held. */
  share: number;
  /** The language of the text, such as `en`; `null` if it is not certain. */
  language: string | null;
  /** The removals, in order; those that would be made if the text is held. */
  removals: ExplainedRemoval[];
  /** The texts that keep rules protected from removal, in order. */
  protections: Protection[];
  /** How the line model judges the lines; empty if it is off, or if the text has fewer than 4 lines or 40 words. */
  judgements: Judgement[];
}

/** Cleans texts with the same options. */
export class Cleaner {
  /**
   * Builds a cleaner, which takes some milliseconds; build it once.
   * Throws an `Error` for an unknown level or name and for a share outside 0 to 1.
   */
  constructor(options?: Options);
  /** How much is removed. */
  readonly level: Level;
  /** Returns a text without its boilerplate. */
  clean(text: string, options?: Origin): string;
  /** Returns a text without its boilerplate, and what was removed. */
  scan(text: string, options?: Origin): Result;
  /** Returns what is removed, with what led to it. Slower than `scan`. */
  explain(text: string, options?: Origin): Explanation;
}

/** Returns a text without its boilerplate. */
export function clean(text: string, options?: Origin & { level?: Level | null }): string;

/** Returns a text without its boilerplate, and what was removed. */
export function scan(text: string, options?: Origin & { level?: Level | null }): Result;

/** Returns what is removed, with what led to it. */
export function explain(text: string, options?: Origin & { level?: Level | null }): Explanation;

/** Returns the source of a cleaned text by inserting its removals: the inverse of cleaning. */
export function restore(text: string, removals: readonly Span[]): string;

/** Returns the version of dechaff. */
export function version(): string;

/**
 * Loads the WebAssembly module. Browsers and workers must wait for it before they use the package;
 * in Node, it is loaded already. `source` says where the module is, if a bundler moved it.
 */
export default function init(source?: string | URL | BufferSource | WebAssembly.Module): Promise<void>;
