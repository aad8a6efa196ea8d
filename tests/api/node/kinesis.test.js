// The AWS SDK for JavaScript v3 with its defaults: HTTP/2 by prior knowledge, JSON.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  paginateListStreams,
  PutRecordCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  ResourceNotFoundException,
  SplitShardCommand,
  SubscribeToShardCommand,
  waitUntilStreamExists,
} from "@aws-sdk/client-kinesis";

const SHARD = "shardId-000000000000";
const client = new KinesisClient({ endpoint: process.env.ANABRANCH_ENDPOINT, maxAttempts: 1 });
const StreamName = `node-${randomUUID().slice(0, 8)}`;
let StreamARN;

async function active() {
  for (;;) {
    const { StreamDescriptionSummary: summary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
    if (summary.StreamStatus === "ACTIVE") return summary;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function readAll(ShardId) {
  const start = await client.send(new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" }));
  const records = [];
  let page = { NextShardIterator: start.ShardIterator };
  do {
    page = await client.send(new GetRecordsCommand({ ShardIterator: page.NextShardIterator }));
    records.push(...page.Records);
  } while (page.NextShardIterator && page.Records.length > 0);
  return { records, last: page };
}

before(async () => {
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 2, Tags: { from: "node" } }));
  await waitUntilStreamExists({ client, maxWaitTime: 30, minDelay: 1 }, { StreamName });
  ({ StreamARN } = await active());
});

after(async () => {
  await client.send(new DeleteStreamCommand({ StreamName, EnforceConsumerDeletion: true }));
  client.destroy();
});

test("records come back as they were put", async () => {
  const put = await client.send(
    new PutRecordCommand({ StreamName, PartitionKey: "a", ExplicitHashKey: "0", Data: Buffer.from([0, 255, 7]) }),
  );
  assert.equal(put.ShardId, SHARD);
  const batch = await client.send(
    new PutRecordsCommand({
      StreamName,
      Records: Array.from({ length: 100 }, (_, i) => ({
        PartitionKey: `k${i}`,
        ExplicitHashKey: "0",
        Data: Buffer.from(String(i)),
      })),
    }),
  );
  assert.equal(batch.FailedRecordCount, 0);
  const { records } = await readAll(SHARD);
  assert.equal(records.length, 101);
  assert.deepEqual([...records[0].Data], [0, 255, 7]);
  assert.equal(records[0].SequenceNumber, put.SequenceNumber);
  assert.deepEqual(
    records.slice(1).map((record) => record.SequenceNumber),
    batch.Records.map((result) => result.SequenceNumber),
  );
  assert.ok(Math.abs(Date.now() - records[0].ApproximateArrivalTimestamp.getTime()) < 60_000);
});

test("errors are the SDK's typed exceptions", async () => {
  await assert.rejects(
    client.send(new PutRecordCommand({ StreamName: "no-such", PartitionKey: "a", Data: Buffer.from("d") })),
    (error) => {
      assert.ok(error instanceof ResourceNotFoundException);
      assert.equal(error.message, `Stream no-such under account ${process.env.ANABRANCH_ACCOUNT_ID} not found.`);
      assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
      return true;
    },
  );
  await assert.rejects(
    client.send(new PutRecordCommand({ StreamName, PartitionKey: "", Data: Buffer.from("d") })),
    { name: "ValidationException" },
  );
});

test("paginators walk every page", async () => {
  const shards = [];
  let request = { StreamName, MaxResults: 1 };
  while (request) {
    const page = await client.send(new ListShardsCommand(request));
    shards.push(...page.Shards);
    request = page.NextToken && { NextToken: page.NextToken, MaxResults: 1 };
  }
  assert.deepEqual(shards.map((shard) => shard.ShardId).slice(0, 2), [SHARD, "shardId-000000000001"]);
  const names = [];
  for await (const page of paginateListStreams({ client, pageSize: 1 }, {})) names.push(...page.StreamNames);
  assert.ok(names.includes(StreamName));
});

test("many requests share a connection", async () => {
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      client.send(new PutRecordCommand({ StreamName, PartitionKey: `p${i}`, Data: Buffer.from("d") })),
    ),
  );
  assert.equal(new Set(answers.map((answer) => answer.ShardId + answer.SequenceNumber)).size, 200);
});

test("a subscription pushes records until its shard ends", { timeout: 60_000 }, async () => {
  const { Consumer } = await client.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: "node" }));
  for (;;) {
    const described = await client.send(new DescribeStreamConsumerCommand({ ConsumerARN: Consumer.ConsumerARN }));
    if (described.ConsumerDescription.ConsumerStatus === "ACTIVE") break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const expected = (await readAll(SHARD)).records.map((record) => record.SequenceNumber);
  const { EventStream } = await client.send(
    new SubscribeToShardCommand({
      ConsumerARN: Consumer.ConsumerARN,
      ShardId: SHARD,
      StartingPosition: { Type: "TRIM_HORIZON" },
    }),
  );
  const pushed = [];
  let children;
  for await (const { SubscribeToShardEvent: event } of EventStream) {
    pushed.push(...event.Records.map((record) => record.SequenceNumber));
    if (event.ChildShards) children = event.ChildShards;
    if (pushed.length === expected.length) {
      await client.send(new PutRecordCommand({ StreamName, PartitionKey: "a", ExplicitHashKey: "0", Data: Buffer.from("x") }));
    }
    if (pushed.length === expected.length + 1 && !children) {
      await client
        .send(new SplitShardCommand({ StreamName, ShardToSplit: SHARD, NewStartingHashKey: String(2n ** 126n) }))
        .catch((error) => assert.equal(error.name, "ResourceInUseException"));
    }
  }
  assert.deepEqual(pushed.slice(0, -1), expected);
  assert.deepEqual(children.map((child) => child.ShardId), ["shardId-000000000002", "shardId-000000000003"]);
});
