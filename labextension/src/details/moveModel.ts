import type { IPlaces } from '../available/places';
import { listPlaces, placeOf } from '../available/places';
import { Form } from '../form';
import type { LakeModel } from '../lake/model';
import { moveRule } from '../restapi';
import type { Granted, Rule } from '../schema';

/**
 * Another place for what a rule keeps.
 */
export class MoveModel extends Form {
  constructor(
    private readonly lake: LakeModel,
    private readonly instance: string,
    readonly rule: Rule
  ) {
    super();
    listPlaces(lake, instance).then(
      places => {
        const { rses } = places;
        this._places = {
          ...places,
          rses: rses.filter(({ name }) => name !== rule.rse_expression)
        };
        this.changed();
      },
      error => this.lacks(error)
    );
  }

  get places(): IPlaces | null {
    return this._places;
  }

  get place(): string {
    return this._place;
  }
  set place(value: string) {
    this._place = value;
    this.edited();
  }

  get granted(): Granted | null {
    return this._granted;
  }

  get isValid(): boolean {
    return this._place !== '';
  }

  protected async send(): Promise<void> {
    const { settings } = this.lake;
    this._granted = await this.lake.guard(
      moveRule(settings, this.instance, this.rule.id, placeOf(this._place))
    );
  }

  private _places: IPlaces | null = null;
  private _place = '';
  private _granted: Granted | null = null;
}
