// Consumes with go-nsq, which asks nsqlookupd where: go-nsq LOOKUPD TOPIC CHANNEL COUNT [AUTH_SECRET]. The secret is
// what go-nsq shows to nsqlookupd as a bearer token.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/nsqio/go-nsq"
)

func main() {
	lookupd, topic, channel := os.Args[1], os.Args[2], os.Args[3]
	count, err := strconv.Atoi(os.Args[4])
	check(err)

	config := nsq.NewConfig()
	config.LookupdPollInterval = time.Second
	config.MaxInFlight = 10
	if len(os.Args) > 5 {
		config.AuthSecret = os.Args[5]
	}
	consumer, err := nsq.NewConsumer(topic, channel, config)
	check(err)

	messages := make(chan string)
	consumer.AddHandler(nsq.HandlerFunc(func(message *nsq.Message) error {
		messages <- string(message.Body)
		return nil
	}))
	check(consumer.ConnectToNSQLookupd(lookupd))
	for range count {
		fmt.Println(<-messages)
	}
	consumer.Stop()
	<-consumer.StopChan
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
