// The load of the benchmark on NATS JetStream, by its own client: durable publishes to streams of three replicas.
//
// Every producer has a connection and a stream that it shares with no more producers than there must be. With -pending it
// publishes without waiting until so many are not acknowledged (what a batch is to others); otherwise one after the other.
// Latency is from the moment when a record was due to its acknowledgement.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var (
	servers   = flag.String("servers", "nats://127.0.0.1:4222", "where they are, with commas between")
	streams   = flag.Int("streams", 4, "streams of three replicas")
	producers = flag.Int("producers", 4, "publishers, each with a connection")
	pending   = flag.Int("pending", 1, "records that one publisher may have under way")
	rate      = flag.Float64("rate", 0, "records a second of all together; 0: as many as are taken")
	size      = flag.Int("size", 1024, "bytes of a record")
	warmup    = flag.Duration("warmup", 2*time.Second, "before it counts")
	duration  = flag.Duration("duration", 10*time.Second, "how long it counts")
)

type window struct{ from, to time.Time }

// What one publisher measured.
type tally struct {
	latencies []time.Duration
	failed    int
}

func (t *tally) acknowledged(in window, due time.Time) {
	now := time.Now()
	if now.After(in.from) && now.Before(in.to) {
		t.latencies = append(t.latencies, now.Sub(due))
	}
}

func main() {
	flag.Parse()
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	if err := makeStreams(); err != nil {
		return err
	}
	from := time.Now().Add(*warmup)
	in := window{from, from.Add(*duration)}
	tallies := make([]tally, *producers)
	failures := make([]error, *producers)
	var running sync.WaitGroup
	for number := range *producers {
		running.Go(func() { failures[number] = publish(number, in, &tallies[number]) })
	}
	running.Wait()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	return report(tallies)
}

func subject(number int) string { return fmt.Sprintf("bench.%d", number%*streams) }

func makeStreams() error {
	connection, err := nats.Connect(*servers)
	if err != nil {
		return err
	}
	defer connection.Close()
	js, err := jetstream.New(connection)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(time.Minute)
	for number := range *streams {
		config := jetstream.StreamConfig{
			Name:     fmt.Sprintf("BENCH-%d", number),
			Subjects: []string{subject(number)},
			Storage:  jetstream.FileStorage,
			Replicas: 3,
		}
		// The servers listen before they have elected who leads them, and leave such a request without an answer.
		for {
			attempt, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			if _, err = js.CreateOrUpdateStream(attempt, config); err == nil {
				_, err = js.Publish(attempt, subject(number), make([]byte, *size))
			}
			cancel()
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("stream %d: %w", number, err)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	return nil
}

func publish(number int, in window, tally *tally) error {
	connection, err := nats.Connect(*servers)
	if err != nil {
		return err
	}
	defer connection.Close()
	js, err := jetstream.New(connection, jetstream.WithPublishAsyncMaxPending(*pending+1))
	if err != nil {
		return err
	}
	record := make([]byte, *size)
	next := pace(number)
	if *pending == 1 {
		for due := next(); due.Before(in.to); due = next() {
			deadline, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			_, err := js.Publish(deadline, subject(number), record)
			cancel()
			if err != nil {
				tally.failed++
				continue
			}
			tally.acknowledged(in, due)
		}
		return nil
	}
	type underWay struct {
		future jetstream.PubAckFuture
		due    time.Time
	}
	// Acknowledgements of one stream come in order, so one reader takes them in order. One is with the reader.
	waiting := make(chan underWay, *pending-1)
	var reading sync.WaitGroup
	reading.Go(func() {
		for one := range waiting {
			select {
			case <-one.future.Ok():
				tally.acknowledged(in, one.due)
			case <-one.future.Err():
				tally.failed++
			}
		}
	})
	for due := next(); due.Before(in.to); due = next() {
		future, err := js.PublishAsync(subject(number), record)
		if err != nil {
			tally.failed++
			continue
		}
		waiting <- underWay{future, due}
	}
	close(waiting)
	reading.Wait()
	return nil
}

// When the next record is due: now, or at a fixed pace that does not wait for those that are late.
func pace(number int) func() time.Time {
	if *rate == 0 {
		return time.Now
	}
	apart := time.Duration(float64(time.Second) * float64(*producers) / *rate)
	due := time.Now().Add(apart * time.Duration(number) / time.Duration(*producers))
	return func() time.Time {
		due = due.Add(apart)
		time.Sleep(time.Until(due))
		return due
	}
}

func report(tallies []tally) error {
	var latencies []time.Duration
	failed := 0
	for _, one := range tallies {
		latencies = append(latencies, one.latencies...)
		failed += one.failed
	}
	if len(latencies) == 0 {
		return fmt.Errorf("nothing was acknowledged, %d failed", failed)
	}
	slices.Sort(latencies)
	quantile := func(of float64) float64 {
		return latencies[int(of*float64(len(latencies)-1))].Seconds() * 1000
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"recordsPerSecond": float64(len(latencies)) / duration.Seconds(),
		"latencyMs":        map[string]float64{"p50": quantile(0.5), "p99": quantile(0.99)},
		"failed":           failed,
	})
}
