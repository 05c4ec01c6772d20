// Consumes with nsqjs, which asks nsqlookupd where: consume_nsqjs.js LOOKUPD TOPIC CHANNEL COUNT.

const { Reader } = require('nsqjs')

const [lookupd, topic, channel, count] = process.argv.slice(2)
const reader = new Reader(topic, channel, {
  lookupdHTTPAddresses: [lookupd],
  lookupdPollInterval: 1,
  maxInFlight: 10,
})
let left = Number(count)

reader.on('message', (message) => {
  console.log(message.body.toString())
  message.finish()
  left -= 1
  if (left === 0) reader.close()
})
reader.on('error', (error) => console.error(error))
reader.connect()
