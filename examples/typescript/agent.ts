// A tool-calling agent that reports what each of its calls cost as it goes.
//
//   node examples/typescript/agent.js
//
// The loop is the usual one of the OpenAI chat API: call the model, run the tools
// it asks for, call it again, until it has words for the customer. What is added
// to it is marked with "report". Model is a stub, which answers by rule and needs
// no network: put your client's chat.completions.create in its place.

import { SupportClient } from './support_client.js';
import type { Cost } from './support_client.js';

const USD_PER_TOKEN = { prompt_tokens: 0.0000025, completion_tokens: 0.00001 };
const USD_PER_TOOL: Record<string, number> = { find_order: 0.0005, refund: 0.003, hand_over: 0 };

interface ToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string | null;
  tool_calls?: ToolCall[];
  tool_call_id?: string;
}

interface Completion {
  id: string;
  choices: { index: number; message: Message }[];
  usage: { prompt_tokens: number; completion_tokens: number };
}

/** Stands for a model with tools. */
class Model {
  #calls = 0;

  async complete(messages: Message[]): Promise<Completion> {
    this.#calls++;
    const last = messages[messages.length - 1];
    const rules = [['human', 'hand_over'], ['money', 'refund'], ['order', 'find_order']];
    const rule = rules.find(([word]) => last.role === 'user' && last.content?.includes(word));
    const message: Message = rule
      ? { role: 'assistant', content: null, tool_calls: [this.#toolCall(rule[1], last.content)] }
      : { role: 'assistant', content: 'It is on its way. Anything else?' };
    return {
      id: `chatcmpl-${this.#calls}`,
      choices: [{ index: 0, message }],
      usage: { prompt_tokens: 400 + 60 * messages.length, completion_tokens: 35 },
    };
  }

  #toolCall(name: string, words: string | null): ToolCall {
    return { id: `call_${this.#calls}`, type: 'function', function: { name, arguments: JSON.stringify({ words }) } };
  }
}

interface Customer {
  id: string;
  chat: string;
  labels: { intent: string; tier: string; language: string };
  seconds: number; // until it was resolved
  says: string[];
  score?: number;
}

const CUSTOMERS: Customer[] = [
  {
    id: 'cust-1', chat: 'chat-1', labels: { intent: 'refund', tier: 'gold', language: 'en' }, seconds: 150,
    says: ['Where is my order 1001?', 'Then I want my money back.'], score: 5,
  },
  {
    id: 'cust-2', chat: 'chat-2', labels: { intent: 'refund', tier: 'free', language: 'en' }, seconds: 240,
    says: ['Where is my order 1002?', 'Let me talk to a human.'],
  },
  {
    id: 'cust-3', chat: 'chat-3', labels: { intent: 'delivery', tier: 'free', language: 'de' }, seconds: 45,
    says: ['Where is my order 1003?'], score: 4,
  },
];

class Agent {
  readonly #model: Model;
  readonly #client: SupportClient;

  constructor(model: Model, client: SupportClient) {
    this.#model = model;
    this.#client = client;
  }

  /** Has one conversation. */
  async serve(customer: Customer): Promise<void> {
    const who = { conversation_id: customer.chat, customer_id: customer.id };
    this.#client.record({ ...who, ...customer.labels }); // report
    const messages: Message[] = [{ role: 'system', content: 'You are a support agent.' }];
    let handedOver = false;
    for (const words of customer.says) {
      messages.push({ role: 'user', content: words });
      handedOver = (await this.#turn(who, messages)) || handedOver;
    }
    if (handedOver) {
      return;
    }
    const resolution = { resolved: true, seconds: customer.seconds };
    this.#client.record({ ...who, resolution, survey_sent: true }); // report
    if (customer.score) {
      this.#client.record({ ...who, csat: customer.score }); // report
    }
  }

  /** Answers the customer. True if the conversation was handed to a human. */
  async #turn(who: { conversation_id: string; customer_id: string }, messages: Message[]): Promise<boolean> {
    let handedOver = false;
    for (;;) {
      const completion = await this.#model.complete(messages);
      const { message } = completion.choices[0];
      const ended = message.tool_calls ? {} : { turns_delta: 1 }; // a turn ends with words for the customer
      const cost = spent('model', price(completion.usage));
      this.#client.record({ ...who, id: completion.id, cost_delta: cost, ...ended }); // report
      messages.push(message);
      if (!message.tool_calls) {
        return handedOver;
      }
      for (const call of message.tool_calls) {
        const tool = call.function.name;
        messages.push({ role: 'tool', tool_call_id: call.id, content: runTool(tool) });
        this.#client.record({ ...who, id: call.id, cost_delta: spent('tools', USD_PER_TOOL[tool]) }); // report
        if (tool === 'hand_over') {
          this.#client.record({ ...who, escalation: { escalated: true, reason: 'asked_for_human' } }); // report
          handedOver = true;
        }
      }
    }
  }
}

function runTool(name: string): string {
  return JSON.stringify({ ok: true, tool: name });
}

function price(usage: Completion['usage']): number {
  return usage.prompt_tokens * USD_PER_TOKEN.prompt_tokens + usage.completion_tokens * USD_PER_TOKEN.completion_tokens;
}

/** A cost of one component, to a billionth of a dollar: without the noise of binary fractions. */
function spent(component: string, dollars: number): Cost {
  const usd = Math.round(dollars * 1e9) / 1e9;
  return { usd, detail: { [component]: usd } };
}

const client = new SupportClient();
// Else Node would end without delivering.
process.once('SIGTERM', () => void client.close().then(() => process.exit(0)));
const agent = new Agent(new Model(), client);
for (const customer of CUSTOMERS) {
  await agent.serve(customer);
}
await client.close();
console.log(JSON.stringify(client.stats));
process.exitCode = client.stats.dropped > 0 ? 1 : 0;
