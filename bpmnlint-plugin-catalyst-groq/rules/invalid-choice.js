'use strict';

module.exports = require('../lib/rule')('invalid-choice');
