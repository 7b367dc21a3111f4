'use strict';

const NO_MODEL_ID = /["'[\]{};\s]/;

/** Return the `models` that a Fallback Models field names, or the `mistake` in it. */
function readModels(text) {
  const names = text.startsWith('[') ? readList(text) : text.split(',');

  if (typeof names === 'string') {
    return { models: [], mistake: { message: names } };
  }

  const models = names.map(name => name.trim()).filter(Boolean);
  const wrong = models.find(name => NO_MODEL_ID.test(name));

  return wrong === undefined ? { models } : { models: [], mistake: { message: 'name', value: wrong } };
}

/** Return the names of a JSON list, or the message of what is none. */
function readList(text) {
  try {
    const list = JSON.parse(text);

    return list.every(name => typeof name === 'string') ? list : 'entries';
  } catch (error) {
    return 'no list';
  }
}

module.exports = { readModels };
