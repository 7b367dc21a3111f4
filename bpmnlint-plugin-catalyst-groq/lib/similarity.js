'use strict';

/**
 * Python's difflib in JavaScript, so that both linters suggest the same names: SequenceMatcher without its heuristic for
 * long texts, and get_close_matches.
 */

const MIN_SIMILARITY = 0.85;
const MAX_COMPARED = 100;
const MIN_SIMILARITY_OF_OWN_PART = 0.75;

/** Return the name that another one is a misspelling of. */
function closest(name, names) {
  const byLowerCase = new Map(names.map(known => [ known.toLowerCase(), known ]));
  const [ match ] = closeMatches([ ...name ].slice(0, MAX_COMPARED).join('').toLowerCase(), [ ...byLowerCase.keys() ], 1, MIN_SIMILARITY);

  return byLowerCase.get(match);
}

/** Return the field that a name is a misspelling of: names share their prefix, so the rest must be similar too. */
function closestField(name, fields) {
  const near = closest(name, fields);
  const isNear = near && closeMatches(ownPart(name), [ ownPart(near) ], 1, MIN_SIMILARITY_OF_OWN_PART).length;

  return isNear ? near : undefined;
}

function ownPart(name) {
  return [ ...name ].slice(0, MAX_COMPARED).join('').toLowerCase().replace(/[^a-z0-9]+/g, '').replace(/^catalyst/, '');
}

function closeMatches(word, possibilities, count, cutoff) {
  return possibilities
    .map(text => [ ratio([ ...text ], [ ...word ]), text ])
    .filter(([ score ]) => score >= cutoff)
    .sort(([ score1, text1 ], [ score2, text2 ]) => score2 - score1 || (text1 < text2 ? 1 : -1))
    .slice(0, count)
    .map(([ _, text ]) => text);
}

function ratio(a, b) {
  const length = a.length + b.length;

  return length ? (2 * matches(a, b, 0, a.length, 0, b.length)) / length : 1;
}

/** Return the number of characters in matching blocks: the longest one, then those on both sides of it. */
function matches(a, b, aStart, aEnd, bStart, bEnd) {
  const { start, other, size } = longestMatch(a, b, aStart, aEnd, bStart, bEnd);

  return size && size + matches(a, b, aStart, start, bStart, other) + matches(a, b, start + size, aEnd, other + size, bEnd);
}

function longestMatch(a, b, aStart, aEnd, bStart, bEnd) {
  let best = { start: aStart, other: bStart, size: 0 };
  let lengths = new Map();

  for (let i = aStart; i < aEnd; i++) {
    const next = new Map();

    for (let j = bStart; j < bEnd; j++) {
      if (a[i] !== b[j]) {
        continue;
      }

      const size = (lengths.get(j - 1) || 0) + 1;

      next.set(j, size);

      if (size > best.size) {
        best = { start: i - size + 1, other: j - size + 1, size };
      }
    }

    lengths = next;
  }

  return best;
}

module.exports = { closest, closestField, closeMatches };
