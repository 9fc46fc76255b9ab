// SPDX-License-Identifier: Apache-2.0
// The parent's commands: JSON lines with "do", one answer each. The emulation ends with the channel.
import net from 'node:net';

const PC = 15;

export class Control {
  constructor(fd) {
    this.socket = new net.Socket({ fd });
    this.input = '';
    this.socket.setEncoding('utf8');
    this.socket.on('close', () => process.exit(0));
    this.socket.on('error', () => process.exit(0));
  }

  tell(answer) {
    this.socket.write(`${JSON.stringify(answer)}\n`);
  }

  // The emulation cannot start.
  fail(message) {
    this.socket.end(`${JSON.stringify({ error: message })}\n`);
  }

  serve(machine) {
    this.socket.on('data', (text) => {
      const lines = (this.input + text).split('\n');
      this.input = lines.pop();
      for (const line of lines) this.tell(this.obey(machine, line));
    });
    this.tell({ ready: true });
  }

  obey(machine, line) {
    try {
      const command = JSON.parse(line);
      const action = actions[command.do];
      if (!action) throw new Error(`unknown command '${command.do}'`);
      return action(machine, command) ?? machine.status();
    } catch (error) {
      return { error: error.message };
    }
  }
}

const actions = {
  status: () => undefined,
  quit: () => process.exit(0),
  reset: (machine) => machine.restart('button'),
  pause: (machine) => machine.pause(true),
  resume: (machine) => machine.pause(false),
  read: (machine, { address, length }) => ({ data: machine.read(address, length).toString('hex') }),
  write: (machine, { address, data }) => machine.write(address, Buffer.from(data, 'hex')),
  register: (machine, { number }) => ({ value: machine.mcu.core.registers[checked(number)] }),
  set_register: (machine, { number, value }) => {
    machine.mcu.core.registers[checked(number)] = value;
  },
};

function checked(number) {
  if (!(number >= 0 && number <= PC)) throw new Error(`there is no register ${number}`);
  return number;
}
