// Package kinesis_test drives a node with the AWS SDK for Go v2 and its defaults (JSON over HTTP/1.1).
package kinesis_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

const shard0 = "shardId-000000000000"

func newClient() *kinesis.Client {
	return kinesis.New(kinesis.Options{
		BaseEndpoint:     aws.String(os.Getenv("ANABRANCH_ENDPOINT")),
		Region:           "us-east-1",
		Credentials:      credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		RetryMaxAttempts: 1,
	})
}

// newStream makes an ACTIVE stream that goes away with the test.
func newStream(t *testing.T, client *kinesis.Client, shards int32) string {
	t.Helper()
	ctx := context.Background()
	name := fmt.Sprintf("go-%d", time.Now().UnixNano())
	if _, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input := &kinesis.DeleteStreamInput{StreamName: &name, EnforceConsumerDeletion: aws.Bool(true)}
		if _, err := client.DeleteStream(ctx, input); err != nil {
			t.Error(err)
		}
	})
	waiter := kinesis.NewStreamExistsWaiter(client, func(o *kinesis.StreamExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 20*time.Millisecond, 100*time.Millisecond
	})
	if err := waiter.Wait(ctx, &kinesis.DescribeStreamInput{StreamName: &name}, 30*time.Second); err != nil {
		t.Fatal(err)
	}
	return name
}

func readAll(t *testing.T, client *kinesis.Client, stream, shard string) []types.Record {
	t.Helper()
	ctx := context.Background()
	start, err := client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName: &stream, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		t.Fatal(err)
	}
	var records []types.Record
	for position := start.ShardIterator; position != nil; {
		page, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: position})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Records) == 0 && aws.ToInt64(page.MillisBehindLatest) == 0 {
			break
		}
		records = append(records, page.Records...)
		position = page.NextShardIterator
	}
	return records
}

func TestRecordsComeBackAsTheyWerePut(t *testing.T) {
	ctx, client := context.Background(), newClient()
	stream := newStream(t, client, 1)
	put, err := client.PutRecord(ctx, &kinesis.PutRecordInput{
		StreamName: &stream, PartitionKey: aws.String("a"), Data: []byte{0, 255, 7},
	})
	if err != nil {
		t.Fatal(err)
	}
	var entries []types.PutRecordsRequestEntry
	for i := range 100 {
		entries = append(entries, types.PutRecordsRequestEntry{
			PartitionKey: aws.String(fmt.Sprintf("k%d", i)), Data: []byte(fmt.Sprint(i)),
		})
	}
	batch, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: &stream, Records: entries})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToInt32(batch.FailedRecordCount) != 0 {
		t.Fatalf("%d records failed", *batch.FailedRecordCount)
	}
	records := readAll(t, client, stream, shard0)
	if len(records) != 101 {
		t.Fatalf("%d records came back, 101 were put", len(records))
	}
	if !bytes.Equal(records[0].Data, []byte{0, 255, 7}) || *records[0].SequenceNumber != *put.SequenceNumber {
		t.Fatalf("the first record is %v", records[0])
	}
	for i, record := range records[1:] {
		if string(record.Data) != fmt.Sprint(i) || *record.SequenceNumber != *batch.Records[i].SequenceNumber {
			t.Fatalf("record %d is %q with number %s", i, record.Data, *record.SequenceNumber)
		}
	}
	if age := time.Since(*records[0].ApproximateArrivalTimestamp).Abs(); age > time.Minute {
		t.Fatalf("the record arrived %s ago", age)
	}
}

func TestErrorsAreTheSdksTypes(t *testing.T) {
	ctx, client := context.Background(), newClient()
	_, err := client.PutRecord(ctx, &kinesis.PutRecordInput{
		StreamName: aws.String("no-such"), PartitionKey: aws.String("a"), Data: []byte("d"),
	})
	var notFound *types.ResourceNotFoundException
	if !errors.As(err, &notFound) {
		t.Fatalf("got %v", err)
	}
	want := fmt.Sprintf("Stream no-such under account %s not found.", os.Getenv("ANABRANCH_ACCOUNT_ID"))
	if notFound.ErrorMessage() != want {
		t.Fatalf("got %q", notFound.ErrorMessage())
	}
	_, err = client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: aws.String("garbage")})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "InvalidArgumentException" || api.ErrorMessage() != "Invalid ShardIterator." {
		t.Fatalf("got %v", err)
	}
}

func TestPaginatorsWalkEveryPage(t *testing.T) {
	ctx, client := context.Background(), newClient()
	stream := newStream(t, client, 5)
	seen := map[string]bool{}
	names := kinesis.NewListStreamsPaginator(client, &kinesis.ListStreamsInput{Limit: aws.Int32(1)})
	for names.HasMorePages() {
		page, err := names.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range page.StreamNames {
			seen[name] = true
		}
	}
	if !seen[stream] {
		t.Fatalf("%s is not among %v", stream, seen)
	}
	var shards []types.Shard
	input := &kinesis.ListShardsInput{StreamName: &stream, MaxResults: aws.Int32(2)}
	for {
		page, err := client.ListShards(ctx, input)
		if err != nil {
			t.Fatal(err)
		}
		shards = append(shards, page.Shards...)
		if page.NextToken == nil {
			break
		}
		input = &kinesis.ListShardsInput{NextToken: page.NextToken, MaxResults: aws.Int32(2)}
	}
	if len(shards) != 5 {
		t.Fatalf("%d shards were listed", len(shards))
	}
}

func TestASubscriptionPushesRecordsUntilItsShardEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := newClient()
	stream := newStream(t, client, 1)
	arn := fmt.Sprintf("arn:aws:kinesis:us-east-1:%s:stream/%s", os.Getenv("ANABRANCH_ACCOUNT_ID"), stream)
	registered, err := client.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{
		StreamARN: &arn, ConsumerName: aws.String("go"),
	})
	if err != nil {
		t.Fatal(err)
	}
	consumer := registered.Consumer.ConsumerARN
	for {
		described, err := client.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{ConsumerARN: consumer})
		if err != nil {
			t.Fatal(err)
		}
		if described.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	subscription, err := client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{
		ConsumerARN: consumer, ShardId: aws.String(shard0),
		StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer subscription.GetStream().Close()

	var put []string
	for i := range 10 {
		answer, err := client.PutRecord(ctx, &kinesis.PutRecordInput{
			StreamName: &stream, PartitionKey: aws.String("a"), Data: []byte(fmt.Sprint(i)),
		})
		if err != nil {
			t.Fatal(err)
		}
		put = append(put, *answer.SequenceNumber)
	}
	var pushed []string
	var children []types.ChildShard
	split := false
	for event := range subscription.GetStream().Events() {
		value := event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
		for _, record := range value.Records {
			pushed = append(pushed, *record.SequenceNumber)
		}
		children = append(children, value.ChildShards...)
		if len(pushed) == len(put) && !split {
			split = true
			_, err := client.SplitShard(ctx, &kinesis.SplitShardInput{
				StreamName: &stream, ShardToSplit: aws.String(shard0), NewStartingHashKey: aws.String("1000"),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := subscription.GetStream().Err(); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(pushed) != fmt.Sprint(put) {
		t.Fatalf("pushed %v, put %v", pushed, put)
	}
	if len(children) != 2 || *children[0].ShardId != "shardId-000000000001" {
		t.Fatalf("children %v", children)
	}
}
