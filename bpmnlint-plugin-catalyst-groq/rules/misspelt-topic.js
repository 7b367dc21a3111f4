'use strict';

module.exports = require('../lib/rule')('misspelt-topic');
