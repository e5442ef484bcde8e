/* What Confluent.Kafka 2.15 asks of librdkafka and the distribution's 2.0.2 does not have yet: leader epochs, here "not known".
   Linked against librdkafka.so.1, so that every other name is found behind it. */
int rd_kafka_message_leader_epoch(const void *message) { (void)message; return -1; }
int rd_kafka_topic_partition_get_leader_epoch(const void *partition) { (void)partition; return -1; }
void rd_kafka_topic_partition_set_leader_epoch(void *partition, int epoch) { (void)partition; (void)epoch; }
